// Groups runs that differ in their seeds alone, and gives mean and standard error of their results.
import { canonicalJson } from "../canonical-json.js";
import {
  type AccuracyReport,
  attackLabel,
  type CheckpointName,
  type EvaluationResult,
} from "../evaluation/index.js";
import type { ExperimentConfig } from "./config/index.js";

/** A figure over several seeds, as fractions; `standardError` is s/√n with s over n − 1. */
export interface MeanOverSeeds {
  readonly mean: number;
  readonly standardError: number;
}

/** One line of a table over seeds. Groups of classes without an image are null. */
export interface SeedRow {
  /** "clean" or the attack's label. */
  readonly measured: string;
  readonly checkpoint: CheckpointName;
  readonly figures: Readonly<Record<"all" | "head" | "body" | "tail" | "balanced", MeanOverSeeds | null>>;
}

/** Runs of one configuration. */
export interface SeedGroup {
  readonly runs: readonly string[];
  /** Each run's seeds by name. */
  readonly seeds: readonly Readonly<Record<string, number>>[];
  readonly rows: readonly SeedRow[];
}

/** A run with what was measured of it. */
export interface MeasuredRun {
  readonly run: { readonly name: string };
  readonly config: ExperimentConfig;
  readonly results: readonly EvaluationResult[];
}

/** Groups of at least two runs that differ in seeds, name, device and threads alone. */
export function groupBySeeds(measured: readonly MeasuredRun[]): SeedGroup[] {
  return alikeButForSeeds(measured, ({ config }) => config).map(describe);
}

/** Groups of at least two whose configurations differ in seeds, name, device and threads alone. */
export function alikeButForSeeds<T>(all: readonly T[], configOf: (each: T) => object): T[][] {
  const groups = new Map<string, T[]>();
  for (const each of all) {
    const ignored = { name: undefined, seeds: undefined, device: undefined, threads: undefined };
    const key = canonicalJson({ ...configOf(each), ...ignored });
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  return [...groups.values()].filter((group) => group.length > 1);
}

function describe(runs: readonly MeasuredRun[]): SeedGroup {
  const reports = new Map<string, { row: Omit<SeedRow, "figures">; reports: AccuracyReport[] }>();
  for (const { results } of runs) {
    const seen = new Set<string>();
    for (const { checkpoint, attack, clean, robust } of results) {
      const add = (measured: string, report: AccuracyReport) => {
        const key = `${checkpoint}/${measured}`;
        if (seen.has(key)) return;
        seen.add(key);
        const entry = reports.get(key) ?? { row: { measured, checkpoint }, reports: [] };
        entry.reports.push(report);
        reports.set(key, entry);
      };
      add("clean", clean);
      add(attackLabel(attack), robust);
    }
  }
  // A result that one run lacks has no mean over the group.
  const complete = [...reports.values()].filter((entry) => entry.reports.length === runs.length);
  return {
    runs: runs.map(({ run }) => run.name),
    seeds: runs.map(({ config }) => config.seeds),
    rows: complete.map(({ row, reports: all }) => ({
      ...row,
      figures: {
        all: meanOverSeeds(all.map((report) => report.accuracy)),
        head: meanOverSeeds(all.map((report) => report.groups.head)),
        body: meanOverSeeds(all.map((report) => report.groups.body)),
        tail: meanOverSeeds(all.map((report) => report.groups.tail)),
        balanced: meanOverSeeds(all.map((report) => report.balanced)),
      },
    })),
  };
}

/** Mean and standard error of a figure, of two seeds or more; null if one of them lacks it. */
export function meanOverSeeds(values: readonly (number | null)[]): MeanOverSeeds | null {
  const known = values.filter((value) => value !== null);
  if (known.length < values.length) return null;
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  const squares = known.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, standardError: Math.sqrt(squares / (known.length - 1) / known.length) };
}
