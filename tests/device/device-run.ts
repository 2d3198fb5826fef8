// The tiny run of the training tests on another device, and how far two such runs may be apart.
import { expect } from "vitest";
import { trainingBatches } from "../../src/data/index.js";
import { createMethod, methodOptions } from "../../src/methods/index.js";
import { type Device, Generator } from "../../src/tensor/index.js";
import type { RunFolder, TrainingOptions } from "../../src/training/index.js";
import { onCuda, testDevice } from "../test-device.js";
import { classCounts, TinyModel, tinyEvaluation, tinyOptions, tinySplit } from "../training/tiny-run.js";

/** Options of a run of 2 epochs of 6 batches, as `tinyOptions` makes them, with everything on `device`. */
export function deviceOptions(
  run: RunFolder,
  changes: Partial<TrainingOptions> = {},
  device: Device = testDevice,
): TrainingOptions {
  const model = new TinyModel();
  model.to(device);
  const drawn = tinySplit();
  const split = { ...drawn, images: drawn.images.to(device), labels: drawn.labels.to(device) };
  const method = methodOptions.parse({ name: "reat", attack: { steps: 2 } });
  return tinyOptions(run, {
    model,
    method: createMethod(method, { classCounts, device }),
    attackGenerator: new Generator(3, device),
    batches: (epoch) =>
      trainingBatches(split, { batchSize: 8, seed: 2, epoch: epoch - 1, augmentation: { padding: 1 } }),
    evaluation: tinyEvaluation(model, split),
    ...changes,
  });
}

/**
 * Of every number in the log, as `largestDifference` measures it. A GPU's sums may come in another order each time, which
 * moves a few of 48 predictions; on the CPU nothing may differ.
 */
export const logTolerance = onCuda ? 0.05 : 0;
const images = 48;

/**
 * The largest difference between numbers in the same places, relative to them where they are above 1, counts relative to all
 * images. Everything else must be equal.
 */
export function largestDifference(ours: unknown, theirs: unknown, at = "log"): number {
  if (typeof ours === "number" && typeof theirs === "number") {
    const counts = Number.isInteger(ours) && Number.isInteger(theirs);
    const size = counts ? images : Math.max(1, Math.abs(ours), Math.abs(theirs));
    return Math.abs(ours - theirs) / size;
  }
  if (typeof ours !== "object" || ours === null || typeof theirs !== "object" || theirs === null) {
    expect(ours, at).toEqual(theirs);
    return 0;
  }
  expect(Object.keys(ours), at).toEqual(Object.keys(theirs));
  const entries = Object.entries(ours).map(([key, value]) =>
    largestDifference(value, (theirs as Record<string, unknown>)[key], `${at}.${key}`),
  );
  return Math.max(0, ...entries);
}
