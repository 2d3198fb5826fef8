// What is told of a training that cannot go on: where it was, and what is kept.
import { existsSync } from "node:fs";
import { ReatError } from "../errors.js";
import { batchFailure } from "../tensor/index.js";
import type { TrainingOptions } from "./options.js";

type Failing = Pick<TrainingOptions, "batchesPerEpoch" | "optimizer" | "run">;

/** Where it was. */
interface Failure {
  readonly epoch: number;
  /** From 1. */
  readonly batch: number;
  /** Whether the batch was running or done. Default: "batch". */
  readonly place?: "batch" | "after batch";
  readonly batchSize?: number;
}

/** What to tell of exhausted memory or a failed GPU; any other error is told as it is. */
export function failed(cause: unknown, { batchesPerEpoch, run }: Failing, failure: Failure): unknown {
  const { epoch, batch, place = "batch", batchSize = 0 } = failure;
  const where = `In epoch ${epoch}, ${place} ${batch} of ${batchesPerEpoch}`;
  return batchFailure(cause, { where, batchSize, kept: existsSync(run.lastCheckpoint) }) ?? cause;
}

/** The error of a loss or weight that is no longer finite. */
export function diverged(what: string, options: Failing, failure: Failure, cause?: unknown): ReatError {
  const { batchesPerEpoch, optimizer, run } = options;
  const kept = existsSync(run.lastCheckpoint) ? "; the last good checkpoint is kept" : "";
  return new ReatError(
    "numerics",
    `In epoch ${failure.epoch}, batch ${failure.batch} of ${batchesPerEpoch}: ${what}; try a learning rate below ${optimizer.learningRate}, or fewer or smaller attack steps at first${kept}.`,
    { cause },
  );
}
