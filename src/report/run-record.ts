// What a report knows of one run: everything read from its folder, and the schemas its files are held to.
import { z } from "zod";
import type { AccuracyReport } from "../evaluation/index.js";
import type { BatchEvent, EvaluationSplit, RunEvent } from "../training/index.js";

const fraction = z.number().min(0).max(1);
const counts = z.array(z.number().min(0));
const split: z.ZodType<EvaluationSplit> = z.enum(["test", "validation"]);

export const accuracyReportSchema: z.ZodType<AccuracyReport> = z.object({
  total: z.number().min(0),
  correct: z.number().min(0),
  accuracy: fraction,
  perClass: z.array(z.object({ total: z.number(), correct: z.number(), accuracy: fraction.nullable() })),
  groups: z.object({ head: fraction.nullable(), body: fraction.nullable(), tail: fraction.nullable() }),
  balanced: fraction,
  predicted: counts,
});

const position = z.object({ epoch: z.number(), batch: z.number() });
/** JSON has no NaN: a loss that was not a number arrives as null. */
const measured = z
  .number()
  .nullable()
  .transform((value) => value ?? Number.NaN);
const bestSoFar = z.object({ epoch: z.number(), robust: z.number() });

/** The events that a report is made of: all but the ones within an epoch. */
export type LoggedEvent = Exclude<RunEvent, BatchEvent>;
export type EventOf<T extends LoggedEvent["type"]> = Extract<LoggedEvent, { type: T }>;

/** What a line of metrics.jsonl holds, by its type. */
export const eventSchemas: { readonly [T in LoggedEvent["type"]]: z.ZodType<EventOf<T>> } = {
  start: z.object({
    type: z.literal("start"),
    time: z.string(),
    epochs: z.number(),
    batchesPerEpoch: z.number(),
    resumedFrom: position.nullable(),
    seeds: z.record(z.string(), z.number()),
  }),
  warning: z.object({ type: z.literal("warning"), name: z.string(), message: z.string() }),
  epoch: z.object({
    type: z.literal("epoch"),
    epoch: z.number(),
    seconds: z.number(),
    loss: measured,
    learningRate: z.number(),
    adversarialAccuracy: z.number().nullable(),
    predictedCounts: counts.nullable(),
    terms: z.record(z.string(), measured),
    method: z.record(z.string(), z.unknown()),
  }),
  evaluation: z.object({
    type: z.literal("evaluation"),
    epoch: z.number(),
    split,
    attack: z.string(),
    clean: accuracyReportSchema,
    robust: accuracyReportSchema,
    seconds: z.number(),
  }),
  best: z.object({ type: z.literal("best"), epoch: z.number(), split, robust: z.number() }),
  stopped: z.object({ type: z.literal("stopped"), epoch: z.number(), batch: z.number(), reason: z.string() }),
  end: z.object({ type: z.literal("end"), seconds: z.number(), best: bestSoFar.nullable() }),
};

/** The attack of a stored evaluation, with the constants that make its name mean something. */
export const attackSchema = z.looseObject({ name: z.string() });

/** A file of evaluations/. */
export const storedEvaluationSchema = z.object({
  checkpoint: z.enum(["last", "best"]),
  epoch: z.number().nullish(),
  split,
  attack: attackSchema,
  clean: accuracyReportSchema,
  robust: accuracyReportSchema,
});
export type StoredEvaluation = z.infer<typeof storedEvaluationSchema> & { readonly file: string };

/** The data a run was trained on. */
export const runDataSchema = z.object({
  name: z.string(),
  synthetic: z.boolean(),
  classNames: z.array(z.string()),
  /** Training images of each class after the subset was drawn. */
  trainCounts: counts,
});
export type RunData = z.infer<typeof runDataSchema>;

/** A nested record of settings, as YAML and JSON give it. */
export type Settings = Readonly<Record<string, unknown>>;

/** One run folder, read and checked. Lists are in epoch order; what the folder lacks is null or empty, and `missing` says so. */
export interface RunRecord {
  readonly folder: string;
  readonly name: string;
  readonly config: Settings;
  /** config.yaml as it stands. */
  readonly configText: string;
  readonly environment: Settings;
  readonly data: RunData | null;
  readonly start: EventOf<"start"> | null;
  readonly epochs: readonly EventOf<"epoch">[];
  readonly evaluations: readonly EventOf<"evaluation">[];
  readonly best: EventOf<"best"> | null;
  readonly stopped: EventOf<"stopped"> | null;
  readonly end: EventOf<"end"> | null;
  /** Choices of the configuration that do not do what one would expect. */
  readonly warnings: readonly EventOf<"warning">[];
  readonly stored: readonly StoredEvaluation[];
  /** One sentence for each thing a complete run has and this one has not. */
  readonly missing: readonly string[];
}

/** A setting by its dotted path, undefined where there is none. */
export function setting(settings: Settings, path: string): unknown {
  let at: unknown = settings;
  for (const key of path.split(".")) {
    if (typeof at !== "object" || at === null || Array.isArray(at)) return undefined;
    at = (at as Settings)[key];
  }
  return at;
}

/** Name of a class, or its id where the run does not say. */
export function className(record: RunRecord, id: number): string {
  return record.data?.classNames[id] ?? `class ${id}`;
}
