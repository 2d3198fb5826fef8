// The JSON of a benchmark run: what was measured, on what, and what was skipped and why.
import { z } from "zod";

const spreadSchema = z.strictObject({
  median: z.number(),
  lowerQuartile: z.number(),
  upperQuartile: z.number(),
  least: z.number(),
  most: z.number(),
});

const sideSchema = z.strictObject({
  label: z.string(),
  version: z.string(),
  /** Seconds of each repetition, in order. */
  seconds: z.array(z.number()),
  spread: spreadSchema,
  /** Values of the last repetition. */
  values: z.record(z.string(), z.number()),
  peakBytes: z.number().nullable(),
});

const targetSchema = z.strictObject({
  number: z.string(),
  text: z.string(),
  /** Null where this machine cannot measure it. */
  measured: z.number().nullable(),
  met: z.boolean(),
});

const measuredSchema = z.strictObject({
  name: z.string(),
  about: z.string(),
  threads: z.int(),
  ours: sideSchema,
  baseline: sideSchema.nullable(),
  /** Baseline over ours, pair by pair. */
  ratio: spreadSchema.nullable(),
  numbers: z.record(z.string(), z.number()),
  targets: z.array(targetSchema),
  work: z.record(z.string(), z.unknown()),
  sweep: z.strictObject({ picture: z.string(), line: z.string(), x: z.number() }).nullable(),
  loadBefore: z.number(),
  loadAfter: z.number(),
});

const machineSchema = z.strictObject({
  time: z.string(),
  cpu: z.string(),
  /** What tells processors of one name from each other: family, model, and the instructions that tiles use. */
  processor: z.string().optional(),
  cores: z.int(),
  /** The GPUs; empty where there is none. */
  gpus: z.array(z.string()).default([]),
  memoryBytes: z.number(),
  platform: z.string(),
  node: z.string(),
  reat: z.string(),
  /** Which BLAS computes matrix products. */
  blas: z.string(),
  commit: z.string().nullable(),
  modified: z.boolean(),
});

export const benchRecord = z.strictObject({
  /** Of this form. */
  version: z.literal(1),
  command: z.string(),
  quick: z.boolean(),
  machine: machineSchema,
  cases: z.array(measuredSchema),
  skipped: z.array(z.strictObject({ name: z.string(), reason: z.string() })),
});

export type BenchRecord = z.output<typeof benchRecord>;
export type MeasuredCase = z.output<typeof measuredSchema>;
export type MeasuredSide = z.output<typeof sideSchema>;
export type MachineRecord = z.output<typeof machineSchema>;
