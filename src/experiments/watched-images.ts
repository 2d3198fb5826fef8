// The training images whose examples are compared from epoch to epoch.
import { evaluationBatches } from "../data/index.js";
import { type Device, keep, scope } from "../tensor/index.js";
import type { ObservedImages } from "../training/index.js";
import type { ExperimentConfig } from "./config/index.js";
import { type ExperimentData, uploadSomeTraining } from "./data.js";

/** Owns its images: dispose them. Null where the configuration watches none. */
export function watchedImages(
  { training, seeds }: ExperimentConfig,
  data: ExperimentData,
  device: Device,
): (ObservedImages & Disposable) | null {
  if (training.observedImages === null) return null;
  using split = uploadSomeTraining(data, training.observedImages, device);
  const { images, labels } = scope(() => {
    const { images, labels } = evaluationBatches(split, split.count).batch(0);
    return { images: keep(images.clone()), labels: keep(labels.clone()) };
  });
  return {
    ...{ images, labels, seed: seeds.attack, batchSize: training.batchSize },
    [Symbol.dispose]() {
      images.dispose();
      labels.dispose();
    },
  };
}
