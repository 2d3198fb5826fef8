// What a checkpoint holds besides its tensors, and checks that it is possible.
import { z } from "zod";
import { ReatError } from "../errors.js";
import type { MethodState } from "../methods/index.js";
import { firstMisfit } from "../schema-misfit.js";
import type { BestSoFar } from "./events.js";
import { noTotals, type StatisticsCounts, type Totals } from "./statistics.js";

/** How far a run is; counts, not tensors. */
export interface TrainedSoFar {
  /** From 1. */
  readonly epoch: number;
  /** Batches of the epoch that are done. */
  readonly batch: number;
  /** Optimiser steps since the beginning. */
  readonly step: number;
  /** The epoch's batches are done and logged; its measurement is next. */
  readonly measuring: boolean;
  /** Training time over all continuations, in this epoch, since the last batch event. */
  readonly seconds: { readonly run: number; readonly epoch: number };
  /** The epoch's sums at its last batch event. */
  readonly logged: Totals;
  readonly best: BestSoFar | null;
  readonly last: BestSoFar | null;
  /** Bytes of metrics.jsonl that belong to it. */
  readonly logLength: number;
}

/** Where a new run stands. */
export const beginning: TrainedSoFar = {
  epoch: 1,
  batch: 0,
  step: 0,
  measuring: false,
  seconds: { run: 0, epoch: 0 },
  logged: noTotals,
  best: null,
  last: null,
  logLength: 0,
};

/** A checkpoint without its tensors. */
export interface CheckpointState {
  readonly architecture: string;
  readonly classes: number;
  /** Of the outputs, in their order; absent in checkpoints from before they were kept. */
  readonly classNames?: readonly string[] | undefined;
  readonly method: { readonly name: string; readonly state: MethodState };
  /** What the model's tensors are an average with: absent where they are the trained weights themselves. */
  readonly weightAverage?: { readonly decay: number; readonly from: number } | undefined;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly seeds: Readonly<Record<string, number>>;
  readonly batchesPerEpoch: number;
  readonly progress: TrainedSoFar;
  readonly statistics: StatisticsCounts;
}

const count = z.int().min(0);
const position = z.int().min(1);
const seconds = z.number().min(0);
const byName = z.record(z.string(), z.unknown());
const best = z.object({ epoch: position, robust: z.number().min(0).max(1) }).nullable();

const schema: z.ZodType<CheckpointState> = z.object({
  architecture: z.string(),
  classes: position,
  classNames: z.array(z.string()).optional(),
  method: z.object({ name: z.string(), state: byName }),
  weightAverage: z.object({ decay: z.number().min(0).lt(1), from: position }).optional(),
  settings: byName,
  seeds: z.record(z.string(), z.number()),
  batchesPerEpoch: position,
  progress: z.object({
    epoch: position,
    batch: count,
    step: count,
    measuring: z.boolean(),
    seconds: z.object({ run: seconds, epoch: seconds }),
    logged: z.object({
      batches: count,
      images: count,
      adversarialImages: count,
      loss: z.number(),
      finiteBatches: count,
      correct: count,
      terms: z.record(z.string(), z.number()),
    }),
    best,
    last: best,
    logLength: count,
  }),
  statistics: z.object({
    batches: count,
    images: count,
    adversarialImages: count,
    termNames: z.array(z.string()),
  }),
});

/**
 * Reads the state and checks that its parts fit each other: a checksum only says that the bytes are those that were
 * written.
 * @throws ReatError `checkpoint` naming the file and the first misfit
 */
export function parseState(text: string, file: string): CheckpointState {
  const refuse = (why: string) =>
    new ReatError(
      "checkpoint",
      `The checkpoint ${file} holds a state that no training can have: ${why}; use another copy or checkpoint.`,
    );
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw refuse("it is no JSON");
  }
  const result = schema.safeParse(value);
  if (!result.success) throw refuse(firstMisfit(result.error));
  const misfit = findMisfit(result.data);
  if (misfit !== null) throw refuse(misfit);
  return result.data;
}

function findMisfit({
  batchesPerEpoch,
  classes,
  classNames,
  progress,
  statistics,
}: CheckpointState): string | null {
  const { epoch, batch, step, measuring } = progress;
  if (batch > batchesPerEpoch) return `${batch} batches are done of an epoch that has ${batchesPerEpoch}`;
  const steps = (epoch - 1) * batchesPerEpoch + batch;
  if (step !== steps) {
    return `it counts ${step} steps in epoch ${epoch} after batch ${batch}, where ${steps} have been made`;
  }
  if (measuring && batch !== batchesPerEpoch) return `it measures after batch ${batch} of ${batchesPerEpoch}`;
  for (const [name, measured] of Object.entries({ best: progress.best, last: progress.last })) {
    if (measured && measured.epoch > epoch)
      return `its ${name} epoch, ${measured.epoch}, comes after epoch ${epoch}`;
  }
  if (statistics.batches !== batch)
    return `its sums are of ${statistics.batches} batches, and ${batch} are done`;
  if (classNames && classNames.length !== classes)
    return `it names ${classNames.length} of ${classes} classes`;
  return null;
}
