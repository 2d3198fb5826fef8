// The tiny run of the training tests on another device.
import { trainingBatches } from "../../src/data/index.js";
import { createMethod, methodOptions } from "../../src/methods/index.js";
import { type Device, Generator } from "../../src/tensor/index.js";
import type { RunFolder, TrainingOptions } from "../../src/training/index.js";
import { testDevice } from "../test-device.js";
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
