// Trains a model with a method: checks its options, continues an earlier run, and leaves the rest to a session.
import { existsSync, rmSync } from "node:fs";
import { ReatError } from "../errors.js";
import type { ImageClassifier } from "../nn/index.js";
import type { ProcessTeam } from "../tensor/index.js";
import { checkpointBytes, parseCheckpoint, readCheckpoint } from "./checkpoint.js";
import { beginning, type TrainedSoFar } from "./checkpoint-state.js";
import { EventLog, requireEvents, unwrittenLog } from "./event-log.js";
import type { WarningEvent } from "./events.js";
import { ExampleDrift } from "./example-drift.js";
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
  using statistics = new EpochStatistics(options.model.classes, options.attackGenerator.device);
  const { run, shards, team = null } = options;
  using drift = watched(options);
  if (team && (shards?.count ?? 1) < team.size) requireParts(team.size, shards?.count ?? 1);
  if (shards?.batchNorm === "batch") requireSharedNorm(options.model, shards.count, team);
  const leads = team?.leads ?? true;
  using _lock = leads ? lockRun(run.lockFile) : undefined;
  const { metricsFile } = run;
  const found = leads ? await begin(options) : null;
  const given = team ? await share(team, found) : found!;
  const { progress, warnings } = given;
  if (given.checkpoint) {
    const checkpoint = parseCheckpoint(given.checkpoint, run.lastCheckpoint);
    restoreSnapshot(checkpoint, options, statistics, drift, run.lastCheckpoint);
  }
  using log = leads ? new EventLog(metricsFile, progress.logLength) : unwrittenLog(progress.logLength);
  const session = new Session(options, selection, statistics, drift, log, progress, warnings);
  return await session.run();
}

function watched({ observed = null, model, method }: TrainingOptions): ExampleDrift | null {
  if (!observed) return null;
  if (method.examples) return new ExampleDrift(observed, { model, method });
  throw new ReatError(
    "config",
    `Images are watched, but the method ${method.name} makes no examples of them; accepted with it: no observed images.`,
  );
}

/** Where a training begins: the last checkpoint's bytes, its position, what there is to warn of. */
interface Beginning {
  readonly checkpoint: Uint8Array | null;
  readonly progress: TrainedSoFar;
  readonly warnings: readonly Omit<WarningEvent, "type">[];
}

async function begin({ run, resume }: TrainingOptions): Promise<Beginning> {
  const { lastCheckpoint, bestCheckpoint, metricsFile } = run;
  // What a kill in the middle of writing left behind.
  for (const file of [lastCheckpoint, bestCheckpoint]) rmSync(`${file}.tmp`, { force: true });
  const warnings = [...run.warnings];
  if (!existsSync(lastCheckpoint)) return { checkpoint: null, progress: beginning, warnings };
  if (!resume) {
    throw new ReatError(
      "usage",
      `${run.path} already holds a checkpoint: continue it, or choose another folder.`,
    );
  }
  const bytes = await checkpointBytes(lastCheckpoint);
  let { progress } = parseCheckpoint(bytes, lastCheckpoint).state;
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
  return { checkpoint: bytes, progress, warnings };
}

/** Gives all processes what rank 0 found. */
async function share(team: ProcessTeam, found: Beginning | null): Promise<Beginning> {
  const { checkpoint, ...rest } = found ?? { checkpoint: null };
  const text = await team.fromLeader(Buffer.from(JSON.stringify(rest)));
  const bytes = await team.fromLeader(checkpoint ?? new Uint8Array());
  const { progress, warnings } = JSON.parse(Buffer.from(text).toString()) as Omit<Beginning, "checkpoint">;
  return { progress, warnings, checkpoint: bytes.length > 0 ? bytes : null };
}

function requireParts(size: number, parts: number): never {
  throw new ReatError(
    "config",
    `${size} processes were started, and training.shards is ${parts}: each process needs a part of every batch; accepted: training.shards of at least ${size}, or fewer processes.`,
  );
}

function requireSharedNorm(model: ImageClassifier, parts: number, team: ProcessTeam | null): void {
  const refused = (why: string, accepted: string) =>
    new ReatError("config", `training.batchNorm is batch, and ${why}; accepted: ${accepted}.`);
  if (![...model.namedBuffers().keys()].some((name) => name.endsWith("running_mean"))) {
    throw refused(`${model.architecture} has no batch normalisation`, "training.batchNorm: part");
  }
  if (parts === (team?.size ?? 1)) return;
  const there = team ? `${team.size} processes work` : "one process works";
  throw refused(
    `${there} on ${parts} parts, of which each needs a process`,
    `${parts} processes, or training.batchNorm: part`,
  );
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
