// A sweep: one configuration with every combination of some keys' values, each with every seed. Read from a file, and laid out as runs.
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import { z } from "zod";
import { ReatError } from "../../errors.js";
import {
  type ExperimentConfig,
  findProblems,
  loadConfig,
  type Problem,
  parseConfigText,
  presetNames,
  throwProblems,
} from "../config/index.js";
import { withFullPaths } from "../run-config.js";

const key = z.string().regex(/^[A-Za-z][A-Za-z0-9]*(\.[A-Za-z][A-Za-z0-9]*)*$/);
const name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/)
  .max(60)
  .describe("a folder name of letters, digits, dots, dashes and underscores");

const sweepSchema = z.strictObject({
  base: z.string().describe("the name of a preset, or the path of a configuration"),
  name: name.optional(),
  set: z.array(z.string()).default([]),
  grid: z.record(key, z.array(z.json()).min(1)).default({}),
  seeds: z.array(z.int().min(0)).min(1).default([0]),
  slurm: z
    .record(z.string().regex(/^[a-z][a-z-]*$/), z.union([z.string(), z.number(), z.boolean()]))
    .default({}),
});

/** One run of a sweep. */
export interface SweepRun {
  /** `<sweep's folder>/<name>`. */
  readonly folder: string;
  readonly config: ExperimentConfig;
  readonly seed: number;
  /** The values that it has of the grid. */
  readonly point: Readonly<Record<string, unknown>>;
}

/** A sweep as its file and the options lay it out. */
export interface Sweep {
  readonly name: string;
  /** Full path of the file that it was read from. */
  readonly file: string;
  /** `<runs>/sweeps/<name>`. */
  readonly folder: string;
  readonly runs: readonly SweepRun[];
  /** Options of sbatch, without their dashes. */
  readonly slurm: Readonly<Record<string, string | number | boolean>>;
}

/** What is laid over every run of a sweep. */
export interface SweepOptions {
  /** Folder of all runs; default `runs`. */
  readonly runsFolder?: string | undefined;
  /** Instead of the data that the configuration names. */
  readonly data?: string | undefined;
  /** Such as `cpu` or `cuda:0`; default: as configured. */
  readonly device?: string | undefined;
}

/** The seeds that a run's seed sets; the subset stays, so that runs are compared on the same images. */
const seedKeys = ["seeds.initialisation", "seeds.order", "seeds.attack"] as const;

/** More are an accident of the grid rather than a plan. */
const mostRuns = 10_000;

/**
 * Reads a sweep's file and checks every configuration of it.
 * @throws ReatError `usage` where there is no such file, `config` naming the key, or the run whose configuration is impossible
 */
export function readSweep(file: string, options: SweepOptions = {}): Sweep {
  if (!existsSync(file)) {
    throw new ReatError("usage", `${file} is not there; accepted: a YAML file with base, grid and seeds.`);
  }
  const raw = parseConfigText(readFileSync(file, "utf8"), file);
  throwProblems(findProblems(sweepSchema, raw), file);
  const { base, set, grid, seeds, slurm, ...named } = sweepSchema.parse(raw);
  throwProblems(impossible(grid, seeds, slurm), file);
  const points = combinations(Object.entries(grid));
  if (points.length * seeds.length > mostRuns) {
    const count = `${points.length} combinations of ${seeds.length} seeds`;
    throw new ReatError("config", `${file} has ${count}; accepted: at most ${mostRuns} runs.`);
  }
  const sweepName = name.parse(named.name ?? nameOf(file));
  const folder = resolve(options.runsFolder ?? "runs", "sweeps", sweepName);
  const from = presetNames().includes(base) || isAbsolute(base) ? base : join(dirname(file), base);
  const labels = shortKeys(Object.keys(grid));
  const taken = new Set<string>();
  const runs = points.flatMap((point) =>
    seeds.map((seed): SweepRun => {
      const run = runName(point, labels, seed);
      // Values that differ in signs alone look the same in a name.
      const unique = taken.has(run) ? `${run.slice(0, 90)}-${taken.size}` : run;
      taken.add(unique);
      const config = loadConfig(from, [
        ...set,
        ...Object.entries(point).map(([path, value]) => `${path}=${JSON.stringify(value)}`),
        ...seedKeys.map((path) => `${path}=${seed}`),
        ...(options.data === undefined ? [] : [`data.source=${JSON.stringify(options.data)}`]),
        ...(options.device === undefined ? [] : [`device=${JSON.stringify(options.device)}`]),
        `name=${JSON.stringify(unique)}`,
      ]);
      return { folder: join(folder, unique), config: withFullPaths(config), seed, point };
    }),
  );
  return { name: sweepName, file: resolve(file), folder, runs, slurm };
}

function impossible(
  grid: Readonly<Record<string, readonly unknown[]>>,
  seeds: readonly number[],
  slurm: Readonly<Record<string, unknown>>,
): Problem[] {
  const problems: Problem[] = [];
  for (const [path, values] of Object.entries(grid)) {
    const texts = values.map((value) => JSON.stringify(value));
    if (new Set(texts).size < texts.length)
      problems.push({ key: `grid.${path}`, text: "has a value twice; accepted: each once." });
    if (path === "name" || seedKeys.some((own) => own === path)) {
      const text = `is set by reat for each run; accepted: ${path === "name" ? "other keys" : "the seeds in seeds"}.`;
      problems.push({ key: `grid.${path}`, text });
    }
  }
  if (new Set(seeds).size < seeds.length)
    problems.push({ key: "seeds", text: "has a seed twice; accepted: each once." });
  for (const own of ["array", "output", "chdir"]) {
    if (own in slurm)
      problems.push({
        key: `slurm.${own}`,
        text: `is written by reat; accepted: sbatch --${own}=… on the command line, or other options.`,
      });
  }
  return problems;
}

function nameOf(file: string): string {
  const plain = basename(file)
    .replace(/\.ya?ml$/i, "")
    .replace(/[^A-Za-z0-9._-]+/g, "-")
    .replace(/^[^A-Za-z0-9]+/, "");
  return plain.slice(0, 60) || "sweep";
}

function combinations(grid: readonly (readonly [string, readonly unknown[]])[]): Record<string, unknown>[] {
  return grid.reduce<Record<string, unknown>[]>(
    (points, [path, values]) =>
      points.flatMap((point) => values.map((value) => ({ ...point, [path]: value }))),
    [{}],
  );
}

/** The last word of each key, and as many before it as tell it from the others. */
function shortKeys(paths: readonly string[]): Map<string, string> {
  return new Map(
    paths.map((path) => {
      const words = path.split(".");
      const ending = (count: number, of = words) => of.slice(-count).join(".");
      let count = 1;
      while (paths.some((other) => other !== path && ending(count, other.split(".")) === ending(count)))
        count++;
      return [path, ending(count)];
    }),
  );
}

function runName(
  point: Readonly<Record<string, unknown>>,
  labels: ReadonlyMap<string, string>,
  seed: number,
): string {
  const parts = Object.entries(point).map(([path, value]) => {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    return `${labels.get(path)}-${text.replaceAll("/", "of").replace(/[^A-Za-z0-9.]+/g, "-")}`;
  });
  const end = `seed-${seed}`;
  return [
    parts
      .join("_")
      .replace(/-+(?=_|$)/g, "")
      .slice(0, 99 - end.length),
    end,
  ]
    .filter(Boolean)
    .join("_");
}
