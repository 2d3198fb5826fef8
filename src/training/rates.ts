// What depends on the number of the step: the rates that the optimiser is told, and how far an average has warmed up.
import type { TrainingOptions } from "./options.js";

/** @param epoch from 1; @param batch from 0 */
export function setRates(
  { optimizer, learningRate, momentum }: Pick<TrainingOptions, "optimizer" | "learningRate" | "momentum">,
  epoch: number,
  batch: number,
): void {
  optimizer.epoch = epoch;
  optimizer.learningRate = learningRate(epoch, batch);
  if (momentum) optimizer.momentum = momentum(epoch, batch);
}

/** Takes the weights into the average where there is one from this epoch on; @param step made before, since the beginning of the run */
export function updateAverage(
  { average, batchesPerEpoch }: Pick<TrainingOptions, "average" | "batchesPerEpoch">,
  epoch: number,
  step: number,
): void {
  if (!average || epoch < average.from) return;
  average.weights.update(step - (average.from - 1) * batchesPerEpoch);
}

/** What runs a body with the averaged weights, in an epoch that has them. */
export function averagedNow(
  { average }: Pick<TrainingOptions, "average">,
  epoch: number,
): (<T>(body: () => T) => T) | null {
  return average && epoch >= average.from ? (body) => average.weights.during(body) : null;
}
