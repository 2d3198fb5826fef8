// `reat predict`: what a trained classifier says of images, and how far each stands from another answer.
import { type Command, InvalidArgumentError, Option } from "commander";
import { normSymbol } from "../attacks/index.js";
import { ReatError } from "../errors.js";
import { type CheckpointName, checkpointNames } from "../evaluation/index.js";
import { loadClassifier, type Prediction, predict, readClassNames } from "../experiments/index.js";
import { formatFraction } from "../fraction.js";
import { abortOnInterrupt } from "./interrupt.js";
import { fractionList, wholeNumber } from "./options.js";
import { StatusLine } from "./status-line.js";
import { table } from "./table.js";
import { note, print, printJson } from "./terminal.js";

interface PredictFlags {
  readonly checkpoint?: CheckpointName;
  readonly top: number;
  readonly resize?: true;
  readonly skipDamaged?: true;
  readonly robust?: readonly number[] | true;
  readonly attack?: string;
  readonly norm: "linf" | "l2";
  readonly seed: number;
  readonly labels?: true;
  readonly batchSize: number;
  readonly classNames?: string;
  readonly device?: string;
  readonly format: "table" | "json" | "csv";
  readonly json?: true;
  readonly csv?: true;
}

/** Radii of --robust without a list. */
const usualEpsilons: Readonly<Record<PredictFlags["norm"], readonly number[]>> = {
  linf: [1, 2, 4, 8, 16].map((levels) => levels / 255),
  l2: [0.25, 0.5, 1, 2],
};

export function addPredict(program: Command): void {
  program
    .command("predict")
    .summary("classify images with what was trained")
    .description(
      "Prints the most probable classes of each image. With --robust an attack looks for the smallest perturbation that changes " +
        "the answer, at each radius of a list: the radius where it succeeds is an upper bound, for a stronger attack may need less.",
    )
    .argument(
      "<run>",
      "a run's folder, a checkpoint in it, or an exported folder or model.safetensors or model.pt",
    )
    .argument("<images...>", "image files, folders of images (all levels), .zip or .tar archives")
    .addOption(
      new Option("--checkpoint <which>", "of a run (default: best, else last)").choices(checkpointNames),
    )
    .option("--top <k>", "classes of each image", wholeNumber(1), 3)
    .option(
      "--resize",
      "scale images of another size so that they cover the network's, and cut out the middle",
    )
    .option("--skip-damaged", "go on without files that are no images or damaged, and name them")
    .option(
      "--robust [list]",
      "radii at which to look for a change of the answer (default: 1/255 to 16/255; l2: 0.25 to 2)",
      radii,
    )
    .option("--attack <name>", "of --robust (default: pgd-20)")
    .addOption(new Option("--norm <norm>", "of --robust").choices(["linf", "l2"]).default("linf"))
    .option("--seed <n>", "of the attack's random numbers", wholeNumber(0), 0)
    .option("--labels", "the folder an image lies in names its true class: print the accuracy too")
    .option("--batch-size <n>", "images classified together", wholeNumber(1), 64)
    .option("--class-names <file>", "names of the outputs in their order, instead of those the run recorded")
    .option("--device <device>", "auto, cpu, cuda or cuda:N")
    .option("--json", "print as JSON")
    .option("--csv", "print as CSV, one line for each image")
    .addHelpText(
      "after",
      `
Examples:
  reat predict runs/birds bird.jpg --top 5
  reat predict runs/birds photos/ --resize --csv > answers.csv
  reat predict runs/birds bird.jpg --robust 1/255,2/255,4/255,8/255
  reat predict runs/birds photos/test --labels`,
    )
    .action(run);
}

function radii(text: string): readonly number[] {
  const list = fractionList(text);
  if (list.some((epsilon) => epsilon === 0)) throw new InvalidArgumentError("Radii are above 0.");
  return list;
}

async function run(place: string, images: readonly string[], flags: PredictFlags): Promise<void> {
  const { checkpoint, top, resize, robust, attack, norm, seed, labels, batchSize, device } = flags;
  if (flags.json && flags.csv) throw new ReatError("usage", "Choose one of --json and --csv.");
  if (attack !== undefined && robust === undefined) {
    throw new ReatError("usage", "--attack is for --robust, which was not given.");
  }
  const classNames = flags.classNames === undefined ? undefined : readClassNames(flags.classNames);
  using classifier = await loadClassifier(place, { checkpoint, device, classNames });
  const signal = abortOnInterrupt("stopping after this batch…");
  const line = new StatusLine();
  const epsilons = robust === true ? usualEpsilons[norm] : robust;
  try {
    const predictions = await predict(classifier, images, {
      ...{ top, batchSize, signal, ...(resize && { resize }) },
      ...(flags.skipDamaged && { onUnreadable: (file, why) => note(`skipped: ${file} ${why}.`) }),
      change: epsilons && { epsilons, attack, norm, seed },
      onProgress: (done) => line.show(`classified ${done} images`),
    });
    line.clear();
    const { name, source } = classifier.description;
    const accuracy = labels ? accuracyOf(predictions, classifier.classNames) : null;
    const search = epsilons && { attack: attack ?? "pgd-20", norm, epsilons };
    if (flags.json) {
      printJson({ run: name, ...source, search, ...(accuracy && { accuracy }), predictions });
      return;
    }
    print(flags.csv ? csv(predictions, top, search !== undefined) : shown(predictions, search));
    if (accuracy) {
      const { correct, total } = accuracy;
      note(
        `Correct by their folders' names: ${correct} of ${total} (${((100 * correct) / total).toFixed(1)} %).`,
      );
    }
  } catch (error) {
    // The signal's own reason is no failure; the program ends with the code of an interruption.
    if (!signal.aborted) throw error;
  } finally {
    line.clear();
  }
}

interface Search {
  readonly attack: string;
  readonly norm: "linf" | "l2";
  readonly epsilons: readonly number[];
}

const probability = (value: number): string => `${(100 * value).toFixed(1)} %`;

function shown(predictions: readonly Prediction[], search: Search | undefined): string {
  const most = search ? Math.max(...search.epsilons) : 0;
  const rows = predictions.map(({ file, classes, change }) => [
    file,
    classes[0]!.className,
    probability(classes[0]!.probability),
    classes
      .slice(1)
      .map((other) => `${other.className} ${probability(other.probability)}`)
      .join(", "),
    ...(change
      ? [
          change.epsilon === null
            ? `not within ${formatFraction(most)}`
            : `${formatFraction(change.epsilon)} (${change.className})`,
        ]
      : []),
  ]);
  const header = ["image", "class", "probability", "then", ...(search ? ["changes at"] : [])];
  const drawn = table(header, rows, ["image", "class", "then", "changes at"]);
  if (!search) return drawn;
  return `${drawn}\n\nChanges at: the smallest ${normSymbol(search.norm)} radius of ${search.epsilons.map(formatFraction).join(", ")} at which ${search.attack} changed the answer. An upper bound: a stronger attack may need less.`;
}

/** RFC 4180; probabilities are 0 to 1. */
function csv(predictions: readonly Prediction[], top: number, robust: boolean): string {
  const places = Math.min(top, predictions[0]?.classes.length ?? top);
  const header = [
    "file",
    ...Array.from({ length: places }, (_, at) => [`class_${at + 1}`, `probability_${at + 1}`]).flat(),
    ...(robust ? ["changes_at_epsilon", "changes_to"] : []),
  ];
  const rows = predictions.map(({ file, classes, change }) => [
    file,
    ...classes.flatMap(({ className, probability }) => [className, String(probability)]),
    ...(change ? [change.epsilon === null ? "" : String(change.epsilon), change.className ?? ""] : []),
  ]);
  return [header, ...rows].map((row) => row.map(quoted).join(",")).join("\n");
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** @throws ReatError `data` where an image's folder is no class of the classifier */
function accuracyOf(
  predictions: readonly Prediction[],
  classNames: readonly string[],
): { correct: number; total: number } {
  const foreign = predictions.find(({ folder }) => folder === undefined || !classNames.includes(folder));
  if (foreign) {
    const lies =
      foreign.folder === undefined ? "lies in no folder of a class" : `lies in "${foreign.folder}"`;
    throw new ReatError(
      "data",
      `${foreign.file} ${lies}; with --labels folders are named after the classes, which are ${classNames.join(", ")}.`,
    );
  }
  const correct = predictions.filter(({ folder, classes }) => classes[0]!.className === folder).length;
  return { correct, total: predictions.length };
}
