// The configured schedules of learning rate and momentum.
import {
  cosineSchedule,
  oneCycleMomentum,
  oneCycleSchedule,
  type Schedule,
  stepSchedule,
} from "../optim/index.js";
import type { ExperimentConfig } from "./config/index.js";

/** @param images of the training, by which the steps of an epoch are counted */
export function schedulesOf(
  training: ExperimentConfig["training"],
  images: number,
): { readonly learningRate: Schedule; readonly momentum: Schedule | null } {
  const { learningRate: rate, milestones, factor, batchSize, dropLast, epochs, oneCycle, cosine } = training;
  const batches = images / batchSize;
  const stepsPerEpoch = Math.max(dropLast ? Math.floor(batches) : Math.ceil(batches), 1);
  const length = { epochs, stepsPerEpoch };
  if (oneCycle) {
    const { momentum, ...shape } = oneCycle;
    return {
      learningRate: oneCycleSchedule({ ...length, ...shape, peakRate: rate }),
      momentum: momentum && oneCycleMomentum({ ...length, ...shape, peakRate: rate }, momentum),
    };
  }
  const learningRate = cosine
    ? cosineSchedule({ ...length, ...cosine, base: rate })
    : stepSchedule({ base: rate, milestones, factor });
  return { learningRate, momentum: null };
}
