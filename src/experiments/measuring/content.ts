// What a measurement was made on, by content: two data sets of one name, or two checkpoints of one epoch, are not the same.
import { createHash } from "node:crypto";
import { canonicalJson } from "../../canonical-json.js";
import type { ImageDataset, ImageSplit } from "../../data/index.js";
import type { MeasuredContent } from "../../evaluation/index.js";
import type { ImageClassifier } from "../../nn/index.js";
import { type Checkpoint, weightsDigest } from "../../training/index.js";
import type { ExperimentConfig } from "../config/index.js";
import type { ExperimentData } from "../data.js";

/** SHA-256 (hexadecimal) of images with their labels, sizes and class names. */
export function imagesDigest({ images, labels, count }: ImageSplit, dataset: ImageDataset): string {
  const { height, width, classNames } = dataset;
  const bytes = Buffer.from(labels.buffer, labels.byteOffset, labels.byteLength);
  const described = JSON.stringify([count, height, width, classNames, labels.BYTES_PER_ELEMENT]);
  return createHash("sha256").update(described).update(images).update(bytes).digest("hex");
}

/**
 * Everything that determines a run's figures besides attack, seeds and batches.
 * @param inference what is measured of `model`: itself, or with its logits corrected
 */
export function measuredContent(
  checkpoint: Checkpoint,
  chosen: ImageSplit,
  config: ExperimentConfig,
  data: ExperimentData,
  { model, inference }: { readonly model: ImageClassifier; readonly inference: ImageClassifier },
): MeasuredContent {
  // The method's options and class sizes decide what is measured only where its rule of inference is its own.
  const rule = inference === model ? null : { method: config.method, classCounts: data.classCounts };
  const measured = canonicalJson({ model: config.model, groups: data.groups, rule });
  return {
    weights: weightsDigest(checkpoint),
    model: createHash("sha256").update(measured).digest("hex"),
    images: imagesDigest(chosen, data.dataset),
  };
}
