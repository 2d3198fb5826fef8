// Trains a model with a method: checks its options, continues an earlier run, and leaves the rest to a session.
import { existsSync, rmSync } from "node:fs";
import { ReatError } from "../errors.js";
import { readCheckpoint } from "./checkpoint.js";
import { beginning } from "./checkpoint-state.js";
import { EventLog, requireEvents } from "./event-log.js";
import type { TrainingOptions, TrainingOutcome } from "./options.js";
import { lockRun } from "./run-lock.js";
import { resolveSelection } from "./selection.js";
import { Session } from "./session.js";
import { restoreSnapshot } from "./snapshot.js";
import { EpochStatistics } from "./statistics.js";

/**
 * Trains until the last epoch is done or the signal is aborted, writing events and checkpoints into the run folder.
 * The same options, seeds and thread count on the CPU give the same weights bit by bit, however often the run was
 * stopped or killed and continued. Model, method, optimiser and generator stay the caller's to dispose.
 * @throws ReatError `config` for impossible options, `checkpoint` for one that cannot be continued, `disk` when
 *   something cannot be written, `numerics` when loss or weights are no longer finite; the last good checkpoint stays
 */
export async function train(options: TrainingOptions): Promise<TrainingOutcome> {
  requirePositive(options);
  const selection = resolveSelection(options.select, options.evaluation);
  using _lock = lockRun(options.run.lockFile);
  using statistics = new EpochStatistics(options.model.classes, options.attackGenerator.device);
  const { lastCheckpoint, bestCheckpoint, metricsFile } = options.run;
  // What a kill in the middle of writing left behind.
  for (const file of [lastCheckpoint, bestCheckpoint]) rmSync(`${file}.tmp`, { force: true });
  let progress = beginning;
  const warnings = [...options.run.warnings];
  if (options.resume && existsSync(lastCheckpoint)) {
    const checkpoint = await readCheckpoint(lastCheckpoint);
    progress = checkpoint.state.progress;
    if (!requireEvents(metricsFile, progress.logLength)) {
      warnings.push({
        name: "log-missing",
        message: "metrics.jsonl is missing: a new one is begun, without the events of earlier epochs.",
      });
    }
    if (progress.best && !(await hasBest(bestCheckpoint))) {
      warnings.push({
        name: "best-missing",
        message: `best.safetensors, of epoch ${progress.best.epoch}, is missing: the best epoch is chosen among those that follow.`,
      });
      progress = { ...progress, best: null };
    }
    restoreSnapshot(checkpoint, options, statistics, lastCheckpoint);
  } else if (!options.resume && existsSync(lastCheckpoint)) {
    throw new ReatError(
      "usage",
      `${options.run.path} already holds a checkpoint: continue it, or choose another folder.`,
    );
  }
  using log = new EventLog(metricsFile, progress.logLength);
  const session = new Session(options, selection, statistics, log, progress, warnings);
  return await session.run();
}

/** A damaged one would be noticed only when it is measured, after all training. */
async function hasBest(file: string): Promise<boolean> {
  if (!existsSync(file)) return false;
  try {
    await readCheckpoint(file);
  } catch (cause) {
    if (!(cause instanceof ReatError)) throw cause;
    throw new ReatError(
      cause.code,
      `${cause.message.replace(/\.$/, "")}; without the file the run goes on, and chooses the best among the epochs that follow.`,
      { cause },
    );
  }
  return true;
}

function requirePositive({
  epochs,
  batchesPerEpoch,
  logEvery,
  evaluation,
  checkpointEvery,
}: TrainingOptions) {
  const wholes = {
    epochs,
    batchesPerEpoch,
    logEvery,
    "evaluation.everyEpochs": evaluation?.everyEpochs,
    "checkpointEvery.epochs": checkpointEvery?.epochs,
    "checkpointEvery.batches": checkpointEvery?.batches,
  };
  for (const [name, value] of Object.entries(wholes)) {
    if (value !== undefined && !(Number.isInteger(value) && value >= 1)) {
      throw new ReatError("config", `${name} must be a whole number of at least 1, got ${value}.`);
    }
  }
  const seconds = checkpointEvery?.seconds;
  if (seconds !== undefined && !(seconds > 0)) {
    throw new ReatError("config", `checkpointEvery.seconds must be above 0, got ${seconds}.`);
  }
}
