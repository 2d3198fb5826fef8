// `reat data`: show, verify, prepare and download data sets.
import { existsSync, statSync } from "node:fs";
import { Argument, type Command, Option } from "commander";
import {
  type CifarName,
  classStrips,
  contactSheet,
  type DamagedPolicy,
  type DatasetSummary,
  describeSource,
  downloadCifar,
  drawSubset,
  type ImageSurvey,
  loadDataset,
  type Profile,
  prepareDataset,
  profileNames,
  summarizeDataset,
  surveyImages,
  verifySource,
  writtenOut,
} from "../data/index.js";
import { writeDurably } from "../durable-file.js";
import { ReatError } from "../errors.js";
import { estimateSeconds, sideToShow, suggestedCommand, suggestPreset } from "../experiments/index.js";
import { dataPicture, imagesOfPicture } from "../report/index.js";
import { resolveDevice } from "../tensor/index.js";
import { dataProgress } from "./data-progress.js";
import { addImageOptions, addLimitOption, imageOptions, type ReadFlags } from "./image-options.js";
import { abortOnInterrupt } from "./interrupt.js";
import { ratio, wholeNumber } from "./options.js";
import { table } from "./table.js";
import { bytes, duration, note, print, printJson, styled } from "./terminal.js";

const sourceArgument =
  "synthetic, synthetic:<seed>, cifar10, cifar100, or the path of an archive, a folder or a packed file";

interface ShowOptions extends ReadFlags {
  readonly profile?: Profile;
  readonly imbalance?: number;
  readonly maxPerClass?: number;
  readonly validation?: number;
  readonly seed?: number;
  readonly selection: "shuffled" | "first";
  readonly picture?: string;
  readonly scale?: "linear" | "log";
  readonly sheet?: string;
  readonly json?: true;
}

export function addData(program: Command): void {
  const data = program
    .command("data")
    .summary("show, verify, prepare and download data sets")
    .description(
      "Works on data sets. Read are CIFAR-10 and CIFAR-100 in binary or pickled form (archive or folder), Tiny-ImageNet-200 " +
        "as it is distributed (zip archive or folder), and png, jpeg or webp images in one folder per class (train/<class>/… " +
        "with test/<class>/… or val/<class>/…, <class>/train/…, or <class>/…; folder, zip or tar archive).",
    );

  const showing = data
    .command("show")
    .summary("say what a data set holds, and what a long-tailed subset of it would")
    .argument("<source>", sourceArgument)
    .addOption(new Option("--profile <name>", "draw a subset of this profile").choices(profileNames))
    .option(
      "--imbalance <ratio>",
      "largest class over smallest; alone it means the exponential profile",
      ratio,
    )
    .option("--max-per-class <n>", "images of the largest class", wholeNumber(1))
    .option("--validation <n>", "images of each class to set aside first", wholeNumber(0))
    .option("--seed <n>", "seed of the subset", wholeNumber(0))
    .addOption(
      new Option(
        "--selection <how>",
        "which images of a class: the first of a shuffle, or of the data's order",
      )
        .choices(["shuffled", "first"])
        .default("shuffled"),
    )
    .option(
      "--picture <file.svg>",
      "also draw each class' size, head, body and tail, and some images of each class",
    )
    .addOption(
      new Option(
        "--scale <scale>",
        "of the picture's bars; by default linear where the smallest can be seen",
      ).choices(["linear", "log"]),
    )
    .option("--sheet <file.png>", "also write a plain sheet with a row of images for each of 20 classes")
    .option("--json", "print the summary as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  reat data show synthetic --imbalance 50 --picture shapes.svg\n" +
        "  reat data show cifar-10-binary.tar.gz --imbalance 50\n  reat data show photos/ --resize 72 --crop 64\n" +
        "  reat data show tiny-imagenet-200.zip --profile linear --imbalance 100",
    )
    .action(show);
  addLimitOption(addImageOptions(showing));

  data
    .command("verify")
    .summary("compare CIFAR files with their official MD5 sums")
    .description("Compares CIFAR files with their official MD5 sums. Ends with 1 where one differs.")
    .argument("<path>", "archive, folder or packed file")
    .option("--json", "print the verdicts as JSON")
    .addHelpText("after", "\nExample:\n  reat data verify cifar-10-binary.tar.gz")
    .action(verify);

  const preparing = data
    .command("prepare")
    .summary("decode a data set once into one file that loads at once")
    .description(
      "Decodes a data set once into one packed file in the cache ($REAT_CACHE, default ~/.cache/reat), where every later " +
        "use of the same source finds it. Training does this by itself on first use.",
    )
    .argument("<source>", sourceArgument)
    .option("--json", "print the file's path as JSON")
    .addHelpText("after", "\nExample:\n  reat data prepare photos/ --resize 32")
    .action(prepare);
  addLimitOption(addImageOptions(preparing));

  data
    .command("download")
    .summary("download CIFAR-10 or CIFAR-100 from its authors' site")
    .description(
      "Downloads an official archive into the cache and verifies its MD5 sum. A broken download is continued by the " +
        "same command. Afterwards the data is found by its name: reat train --data cifar10 …",
    )
    .addArgument(new Argument("<name>", "which one").choices(["cifar10", "cifar100"]))
    .addOption(
      new Option("--form <form>", "form of the archive").choices(["binary", "pickled"]).default("binary"),
    )
    .option("--folder <path>", "where to put the archive instead of the cache")
    .option("--url <url>", "a mirror of the archive; its MD5 sum must be the official one")
    .addHelpText("after", "\nExample:\n  reat data download cifar10")
    .action(download);
}

async function show(source: string, options: ShowOptions): Promise<void> {
  if (options.scale !== undefined && options.picture === undefined) {
    throw new ReatError(
      "usage",
      "--scale is the scale of a picture's bars: it goes with --picture <file.svg>.",
    );
  }
  const { progress, line } = dataProgress();
  const { imbalance, maxPerClass, validation = 0, seed = 0 } = options;
  const reading = imageOptions(options);
  const survey = existsSync(source) ? await surveyImages(source, reading.limits) : null;
  // To be looked at, photographs are scaled as they would be for training: at full size a thousand fill a disk.
  const resize = survey && options.resize === undefined && options.crop === undefined && sideToShow(survey);
  const dataset = await loadDataset(source, {
    ...reading,
    ...(resize && { resize }),
    progress,
  }).finally(() => line.clear());
  const profile = options.profile ?? (imbalance === undefined ? undefined : "exponential");
  const wanted = profile !== undefined || validation > 0;
  const subset = wanted
    ? drawSubset(dataset.train.labels, dataset.classNames, {
        profile: profile ?? "natural",
        selection: options.selection,
        seed,
        validationPerClass: validation,
        ...(imbalance !== undefined && { unbalancedRatio: imbalance }),
        ...(maxPerClass !== undefined && { maxPerClass }),
      })
    : undefined;
  const summary = summarizeDataset(dataset, subset);
  const suggestion = survey && suggestionFor(source, summary, survey, options.damaged);
  if (options.json) printJson({ ...summary, ...(suggestion && { suggestion }) });
  else {
    print(renderSummary(summary));
    if (resize) {
      const { width, height } = survey.largest;
      const stored = survey.equal ? `are ${width}×${height}` : "have unequal sizes";
      note(`The images ${stored}; here they were scaled to ${resize}×${resize}.`);
    }
    if (suggestion) print(renderSuggestion(suggestion));
  }
  const indices = subset ? { indices: subset.train } : {};
  if (options.picture !== undefined) {
    const strips = await classStrips(dataset, {
      images: imagesOfPicture(summary.classes.length),
      ...indices,
    });
    const { scale } = options;
    await writeDurably(options.picture, dataPicture(summary, strips, scale ? { scale } : {}));
    note(`The picture is ${options.picture}.`);
  } else if (options.scale !== undefined) {
    throw new ReatError(
      "usage",
      "--scale is the scale of a picture's bars: it goes with --picture <file.svg>.",
    );
  }
  if (options.sheet !== undefined) {
    await writeDurably(options.sheet, [await contactSheet(dataset, indices)]);
    note(`The sheet is ${options.sheet}.`);
  }
}

function suggestionFor(
  source: string,
  summary: DatasetSummary,
  survey: ImageSurvey,
  damaged: DamagedPolicy | undefined,
) {
  if (summary.trainImages === 0) return null;
  const device = resolveDevice("auto");
  const suggestion = suggestPreset(summary, survey, device);
  return {
    ...suggestion,
    command: suggestedCommand(suggestion, source, damaged),
    seconds: estimateSeconds(suggestion, summary, device),
    device,
  };
}

function renderSuggestion(suggestion: NonNullable<ReturnType<typeof suggestionFor>>): string {
  const { command, why, seconds, device } = suggestion;
  const where = device === "cpu" ? "on this machine's CPU" : "on this machine's GPU";
  return [
    "",
    `Suggested: ${command}`,
    ...why.map((reason) => `  ${reason}`),
    `  It would take about ${duration(seconds)} ${where}.`,
  ].join("\n");
}

/** Heading, one line for each class, notes. */
export function renderSummary(summary: DatasetSummary): string {
  const { height, width, unbalancedRatio } = summary;
  const heading = [
    `${summary.name}${summary.synthetic ? " (synthetic images)" : ""}: ${summary.classes.length} classes, ${width}×${height}, ` +
      `${summary.trainImages} training and ${summary.testImages} test images`,
  ];
  if (summary.subsetImages !== undefined) {
    heading.push(
      `subset: ${summary.subsetImages} training images` +
        (summary.validationImages ? `, ${summary.validationImages} set aside for validation` : "") +
        `; SHA-256 ${summary.subsetHash?.slice(0, 16)}…`,
    );
  }
  if (Number.isFinite(unbalancedRatio)) {
    heading.push(`largest class over smallest: ${Number(unbalancedRatio.toFixed(2))}`);
  }
  const inSubset = summary.subsetImages !== undefined;
  const aside = (summary.validationImages ?? 0) > 0;
  const header = ["id", "class", "train", ...(inSubset ? ["subset"] : []), ...(aside ? ["validation"] : [])];
  const rows = summary.classes.map((entry) => [
    entry.id,
    entry.name,
    entry.train,
    ...(inSubset ? [entry.subset ?? 0] : []),
    ...(aside ? [entry.validation ?? 0] : []),
    entry.test,
    entry.group,
  ]);
  const drawn = table([...header, "test", "group"], rows, ["class", "group"]);
  const notes = [...summary.notes, ...damagedLines(summary)];
  return [...heading, "", drawn, ...(notes.length > 0 ? ["", ...notes] : [])].join("\n");
}

/** One line for each damaged file, up to a limit. */
function damagedLines({ damaged }: DatasetSummary): string[] {
  const shown = damaged.slice(0, 100).map(({ path, why }) => `  ${writtenOut(path)} ${writtenOut(why)}`);
  return damaged.length > shown.length
    ? [...shown, `  and ${damaged.length - shown.length} more; --json lists them all`]
    : shown;
}

async function verify(path: string, options: { json?: true }): Promise<void> {
  const { progress, line } = dataProgress();
  const result = await verifySource(path, progress).finally(() => line.clear());
  if (options.json) {
    printJson(result);
  } else {
    for (const { file, verdict, md5, expected } of result.files) {
      if (verdict === "ok") print(`${styled("green", "✓")} ${file}: ${md5}, as published`);
      else if (verdict === "unknown") print(`· ${file}: ${md5}; no sum is published for this file`);
      else print(`${styled("red", "✗")} ${file}: ${md5}, but published is ${expected}`);
    }
    if (result.files.length === 0) {
      print(
        result.verdict === "ok"
          ? `${styled("green", "✓")} ${path}: its own checksums hold`
          : `· ${path}: ${describeSource(result.source)}; no sums are published for it`,
      );
    }
  }
  if (result.verdict === "mismatch") process.exitCode = 1;
}

async function prepare(source: string, options: ReadFlags & { json?: true }): Promise<void> {
  if (/^synthetic(:|$)/.test(source)) {
    throw new ReatError("usage", "The synthetic data is drawn anew each time; there is nothing to prepare.");
  }
  const reading = imageOptions(options);
  const asStored = options.resize === undefined && options.crop === undefined && existsSync(source);
  const survey = asStored ? await surveyImages(source, reading.limits) : null;
  const side = survey?.equal ? sideToShow(survey) : null;
  if (survey && side !== null) {
    const { width, height } = survey.largest;
    note(
      `The images are packed as they are stored, ${width}×${height}; most trainings take them scaled (--resize ${side}).`,
    );
  }
  const { progress, line } = dataProgress();
  const prepared = await prepareDataset(source, { ...reading, progress }).finally(() => line.clear());
  const { dataset, file, reused } = prepared;
  if (options.json) {
    printJson({ file, reused, form: prepared.source.form, name: dataset.name });
    return;
  }
  const images = dataset.train.count + dataset.test.count;
  print(`${reused ? "already prepared" : "prepared"}: ${dataset.name}, ${images} images, ${file}`);
}

async function download(
  name: CifarName,
  options: { form: "binary" | "pickled"; folder?: string; url?: string },
): Promise<void> {
  const { progress, line } = dataProgress();
  const signal = abortOnInterrupt("stopping; what has arrived is kept…");
  const { form, folder, url } = options;
  const file = await downloadCifar(name, {
    form,
    progress,
    signal,
    ...(folder !== undefined && { folder }),
    ...(url !== undefined && { url }),
  }).finally(() => line.clear());
  print(`${file} (${bytes(statSync(file).size)}, MD5 as published)`);
}
