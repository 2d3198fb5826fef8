// Draws the same few images of each class before and after an attack.
import {
  evaluationBatches,
  type ImageDataset,
  type ImageSplit,
  imageStrip,
  selectImages,
  uploadSplit,
} from "../../data/index.js";
import {
  type AttackedPicture,
  attackLabel,
  type EvaluationBatches,
  type PicturedPrediction,
} from "../../evaluation/index.js";
import type { ImageClassifier } from "../../nn/index.js";
import { type Device, noGrad, scope, type Tensor } from "../../tensor/index.js";
import { restoreTensor, type StoredTensor } from "../../training/index.js";
import { spreadOverClasses } from "../data.js";
import { AdversarialImages } from "./adversarial-images.js";
import type { PlannedAttack } from "./evaluation-plan.js";
import { type MeasuringOptions, resumableAttack } from "./measure-attacks.js";

/** What is drawn, and with what. */
export interface PictureOptions {
  readonly dataset: ImageDataset;
  readonly split: ImageSplit;
  /** Images of each class, the first ones of the split. */
  readonly perClass: number;
  /** Training images by class id; the smallest class comes first. */
  readonly trainCounts: readonly number[];
  readonly device: Device;
  readonly batchSize: number;
  readonly measuring: Omit<MeasuringOptions, "batches" | "adversarial">;
}

/** The pictures, smallest class first, and what their perturbations were multiplied by. */
export async function drawPictures(
  attack: PlannedAttack,
  options: PictureOptions,
): Promise<{ scale: number; pictures: AttackedPicture[] }> {
  const { dataset, split, perClass, trainCounts, device, batchSize, measuring } = options;
  const classes = dataset.classNames.length;
  const positions = [...spreadOverClasses(split, classes, perClass * classes)];
  // Where a class has too few images, others would make up for it.
  const taken = new Map<number, number>();
  const indices = positions.filter((at) => {
    const label = split.labels[at]!;
    const count = (taken.get(label) ?? 0) + 1;
    taken.set(label, count);
    return count <= perClass;
  });
  using images = uploadSplit(dataset, selectImages(split, indices), device);
  const batches = evaluationBatches(images, batchSize);
  const collected = new AdversarialImages();
  const { model } = measuring;
  await resumableAttack({ ...measuring, batches, adversarial: collected }, attack, null);
  const { spec } = attack;
  const adversarial = valuesOf(collected.of(attackLabel(spec)));
  const clean = valuesOf(collected.clean(batches).images);
  const [before, after] = [
    predictions(model, batches),
    predictions(model, collected.batchesOf(attackLabel(spec), batches)),
  ];
  const largest = adversarial.reduce((most, value, i) => Math.max(most, Math.abs(value - clean[i]!)), 0);
  const scale = largest > 0 ? 0.5 / largest : 1;
  const size = clean.length / indices.length;
  const pictures = await Promise.all(
    indices.map(async (index, i): Promise<AttackedPicture> => {
      const [from, to] = [
        clean.subarray(i * size, (i + 1) * size),
        adversarial.subarray(i * size, (i + 1) * size),
      ];
      const perturbation = from.map((value, at) => 0.5 + scale * (to[at]! - value));
      const shown = [from, perturbation, to].map((values) => values.map((value) => Math.round(255 * value)));
      return {
        ...{ label: split.labels[index]!, index, clean: before[i]!, attacked: after[i]! },
        png: (await imageStrip(shown, dataset.height, dataset.width)).toString("base64"),
      };
    }),
  );
  const size0 = (label: number) => trainCounts[label] ?? 0;
  pictures.sort((a, b) => size0(a.label) - size0(b.label) || a.label - b.label || a.index - b.index);
  return { scale, pictures };
}

function predictions(model: ImageClassifier, batches: EvaluationBatches): PicturedPrediction[] {
  return Array.from({ length: batches.count }, (_, b) =>
    scope(() => {
      const { images } = batches.batch(b);
      const logits: Tensor = model.withMode("frozen", () => noGrad(() => model.logits(images)));
      const shares = logits.softmax(1);
      const labels = logits.argmax(1).toArray();
      const values = shares.toArray();
      return labels.map((label, i) => ({
        label,
        confidence: Math.min(1, values[i * model.classes + label]!),
      }));
    }),
  ).flat();
}

function valuesOf(stored: StoredTensor): Float32Array {
  return scope(() => Float32Array.from(restoreTensor(stored).toArray()));
}
