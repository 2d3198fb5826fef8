// A child process that answers for one classifier at a time: LibTorch keeps its thread busy, and the server must not wait.
import { readFileSync } from "node:fs";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp, { type Sharp } from "sharp";
import { classGroups } from "../data/index.js";
import { type CheckpointName, checkpointNames } from "../evaluation/index.js";
import { loadClassifier, probeImage, type TrainedClassifier } from "../experiments/index.js";
import { noGrad, scope } from "../tensor/index.js";
import { decodeSafetensors, RunFolder, restoreTensor } from "../training/index.js";
import type { Gallery, Probed } from "./messages.js";
import type { ProbeAnswer, ProbeOrder } from "./prober.js";

/** Pictures in a row of a sheet. */
const columns = 20;
/** As many pictures as a browser lays out at once, and as many pixels as it decodes without a pause. */
const mostPictures = 2000;
const mostPixels = 12_000_000;

let held: { readonly key: string; readonly classifier: TrainedClassifier } | null = null;

async function classifierOf(run: string, checkpoint: CheckpointName): Promise<TrainedClassifier> {
  const folder = RunFolder.open(run);
  const file = checkpointNames
    .filter((name) => name === checkpoint)
    .map((name) => folder.checkpoint(name))
    .at(0)!;
  const stats = await stat(file).catch(() => null);
  const key = `${file} ${stats?.mtimeMs} ${stats?.size}`;
  if (held?.key === key) return held.classifier;
  held?.classifier[Symbol.dispose]();
  held = null;
  const classifier = await loadClassifier(run, { checkpoint });
  held = { key, classifier };
  return classifier;
}

async function probe(order: Extract<ProbeOrder, { kind: "probe" }>): Promise<Probed> {
  const classifier = await classifierOf(order.run, order.checkpoint);
  const folder = await mkdtemp(join(tmpdir(), "reat-ui-"));
  try {
    const file = join(folder, "image");
    await writeFile(file, order.image, { mode: 0o600 });
    const { epsilon, norm } = order;
    const { width, height, clean, adversarial, difference } = await probeImage(classifier, file, {
      ...{ epsilon, norm },
    }).catch((error: Error) => {
      // The reader knows no file of that name.
      throw new Error(error.message.replaceAll(file, "What was dropped"));
    });
    const answer = async ({ pixels, classes }: typeof clean) => ({
      image: await picture(pixels, width, height),
      classes: classes.map(({ className, probability }) => ({ name: className, probability })),
    });
    return {
      clean: await answer(clean),
      adversarial: await answer(adversarial),
      difference: await picture(difference, width, height),
      epsilon,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Pictures that `reat eval --save-adversarial` wrote, with what the classifier says of each. */
async function gallery(order: Extract<ProbeOrder, { kind: "gallery" }>): Promise<Gallery> {
  const classifier = await classifierOf(order.run, order.checkpoint);
  const { tensors } = decodeSafetensors(readFileSync(order.file), order.file);
  const attacked = [...tensors.keys()].find((name) => name.startsWith("adversarial."));
  const [images, labels, adversarial] = [tensors.get("images"), tensors.get("labels"), attacked];
  if (!images || !labels || adversarial === undefined || images.shape.length !== 4) {
    throw new Error("The file holds no adversarial images.");
  }
  const [count, , height, width] = images.shape as [number, number, number, number];
  const shown = Math.min(count, mostPictures, Math.max(columns, Math.floor(mostPixels / (width * height))));
  const embedded = tensors.get(adversarial.replace("adversarial.", "embedding."));
  const { clean, fooled, map, sheets, truth } = scope(() => {
    const first = ({ dtype, shape, bytes }: typeof images) => {
      const part = bytes.slice(0, (bytes.length / count) * shown);
      return restoreTensor({ dtype, shape: [shown, ...shape.slice(1)], bytes: part });
    };
    const [before, after] = [first(images), first(tensors.get(adversarial)!)];
    const predicted = (batch: typeof before) =>
      noGrad(() =>
        classifier.model.withMode("frozen", () => classifier.logits(batch.to(classifier.device)).argmax(1)),
      ).toArray();
    const difference = after.sub(before);
    const largest = Math.max(difference.abs().amax().item(), 1e-6);
    const bytes = (batch: typeof before) =>
      batch.mul(255).add(0.5).clamp(0, 255).to("uint8").permute([0, 2, 3, 1]).contiguous().toTypedArray();
    return {
      map: embedded ? restoreTensor(embedded).toArray() : null,
      clean: predicted(before),
      fooled: predicted(after),
      truth: first(labels).to("float32").toArray(),
      sheets: [before, difference.div(2 * largest).add(0.5), after].map((t) => bytes(t) as Uint8Array),
    };
  });
  const names = classifier.classNames;
  const { classCounts } = classifier.description;
  const groups = classGroups(classCounts);
  const bySize = names
    .map((_, k) => k)
    .sort((a, b) => (classCounts[b] ?? 0) - (classCounts[a] ?? 0) || a - b);
  const [cleanSheet, differenceSheet, adversarialSheet] = await Promise.all(
    sheets.map((pixels) => sheet(pixels, shown, width, height)),
  );
  return {
    ...{ width, height, columns, attack: adversarial.replace("adversarial.", ""), total: count },
    sheets: { clean: cleanSheet!, difference: differenceSheet!, adversarial: adversarialSheet! },
    classes: bySize.map((k) => names[k]!),
    map: map && Array.from({ length: shown }, (_, i) => [map[2 * i]!, map[2 * i + 1]!] as const),
    pictures: clean.map((answer, i) => {
      const label = truth[i]!;
      return {
        label: names[label] ?? `class ${label}`,
        group: groups[label] ?? "",
        clean: names[answer] ?? `class ${answer}`,
        adversarial: names[fooled[i]!] ?? `class ${fooled[i]}`,
      };
    }),
  };
}

function picture(pixels: Uint8Array, width: number, height: number): Promise<string> {
  return asUrl(sharp(pixels, { raw: { width, height, channels: 3 } }));
}

async function asUrl(image: Sharp): Promise<string> {
  return `data:image/png;base64,${(await image.png().toBuffer()).toString("base64")}`;
}

/** All pictures in one, row by row. */
function sheet(pixels: Uint8Array, count: number, width: number, height: number): Promise<string> {
  const rows = Math.ceil(count / columns);
  const whole = new Uint8Array(columns * width * rows * height * 3);
  for (let i = 0; i < count; i++) {
    const [x, y] = [(i % columns) * width, Math.floor(i / columns) * height];
    for (let row = 0; row < height; row++) {
      const from = (i * height + row) * width * 3;
      whole.set(pixels.subarray(from, from + width * 3), ((y + row) * columns * width + x) * 3);
    }
  }
  return asUrl(sharp(whole, { raw: { width: columns * width, height: rows * height, channels: 3 } }));
}

process.on("message", (order: ProbeOrder) => {
  const work: Promise<Probed | Gallery> = order.kind === "probe" ? probe(order) : gallery(order);
  work.then(
    (value) => process.send!({ id: order.id, value } satisfies ProbeAnswer),
    (error: Error) => process.send!({ id: order.id, error: error.message } satisfies ProbeAnswer),
  );
});
process.on("disconnect", () => process.exit());
