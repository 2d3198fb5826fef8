// The rows of the results table: each run's best and last checkpoint under each attack, and the gap between the two.

import { type AccuracyReport, attackLabel, bestFirst, type CheckpointName } from "../../evaluation/index.js";
import { plainText } from "../plain-text.js";
import { attackCurves } from "./attack-curves.js";
import { type Margins, marginsOf } from "./margins.js";
import { currentResults, loggedAttackLabel, type RunRecord, setting } from "./run-record.js";

/** Accuracy over all images, over each group, and the mean over classes; fractions 0 to 1, null where a group has no class. */
export interface Figures {
  readonly all: number;
  readonly head: number | null;
  readonly body: number | null;
  readonly tail: number | null;
  readonly balanced: number;
}

/** The file of a run's events, of which each line is one, by its path in the run's folder. */
export const eventLog = "metrics.jsonl";

export const figureNames = ["all", "head", "body", "tail", "balanced"] as const;

/** One measured accuracy of a checkpoint. */
export interface Measurement {
  /** "clean" or the attack's label. */
  readonly attack: string;
  readonly figures: Figures;
  /** How far the choice of images alone may have moved them: half of a 95 % interval. */
  readonly margins: Margins;
  readonly report: AccuracyReport;
  readonly split: "test" | "validation";
  /** Images measured on. */
  readonly images: number;
  /** From a stored evaluation of the checkpoint, or from the evaluations made while training. */
  readonly source: "evaluation" | "training log";
  /** The file that holds these figures, as a path within the run's folder. */
  readonly file: string;
}

/** All that was measured of one checkpoint of a run. */
export interface ResultRow {
  readonly run: string;
  readonly checkpoint: CheckpointName;
  readonly epoch: number | null;
  /** Whether the weights are an average over the training steps. */
  readonly averaged: boolean;
  /** Clean first, then the attacks in the order of {@link attacksOf}. */
  readonly measurements: readonly Measurement[];
}

/** The results of a run, best before last; a checkpoint that was never measured has no row. */
export function resultRows(record: RunRecord): ResultRow[] {
  const rows: ResultRow[] = [];
  for (const checkpoint of bestFirst) {
    const row = storedRow(record, checkpoint);
    if (row.measurements.length > 0) rows.push(row);
  }
  return rows;
}

/** best − last of each figure of an attack (positive: the last checkpoint is worse), null where one is not known. */
export function figureGap(best: Figures, last: Figures, name: keyof Figures): number | null {
  const [a, b] = [best[name], last[name]];
  return a === null || b === null ? null : a - b;
}

/** Every attack measured in any row: clean, then PGD by its steps, then the others by name, AutoAttack last. */
export function attacksOf(rows: readonly ResultRow[]): string[] {
  const names = new Set(rows.flatMap((row) => row.measurements.map((m) => m.attack)));
  return [...names].sort(byStrength);
}

function byStrength(a: string, b: string): number {
  const place = (name: string) =>
    name === "clean" ? 0 : name.startsWith("pgd") ? 1 : name.startsWith("autoattack") ? 3 : 2;
  return place(a) - place(b) || a.localeCompare(b, "en", { numeric: true });
}

export function figuresOf(report: AccuracyReport): Figures {
  return { all: report.accuracy, ...report.groups, balanced: report.balanced };
}

function storedRow(record: RunRecord, checkpoint: CheckpointName): ResultRow {
  const epoch = epochOf(record, checkpoint);
  const measurements = new Map<string, Measurement>();
  const add = (
    attack: string,
    report: AccuracyReport,
    split: Measurement["split"],
    source: Measurement["source"],
    file: string,
  ) => {
    if (measurements.has(attack)) return;
    measurements.set(attack, {
      attack,
      figures: figuresOf(report),
      margins: marginsOf(report, record.data?.trainCounts),
      report,
      split,
      images: report.total,
      source,
      file,
    });
  };
  const stored = currentResults(record, checkpoint).filter((s) => !isCurvePointAlone(record, s));
  // The headline is the test split (validation images were used to choose), on as many images as there are.
  const ordered = [...stored].sort(
    (a, b) => Number(a.split !== "test") - Number(b.split !== "test") || b.clean.total - a.clean.total,
  );
  for (const s of ordered) {
    add("clean", s.clean, s.split, "evaluation", s.file);
    add(attackLabel(s.attack), s.robust, s.split, "evaluation", s.file);
  }
  const logged = record.evaluations.filter((e) => e.epoch === epoch);
  const fallback = logged.find((e) => e.split === "test") ?? logged[0];
  if (fallback) {
    add("clean", fallback.clean, fallback.split, "training log", eventLog);
    add(
      loggedAttackLabel(record, fallback.attack),
      fallback.robust,
      fallback.split,
      "training log",
      eventLog,
    );
  }
  return {
    run: record.name,
    checkpoint,
    epoch,
    averaged: [...stored, ...logged].some(({ weights }) => weights === "averaged"),
    measurements: [...measurements.values()].sort((a, b) => byStrength(a.attack, b.attack)),
  };
}

/** The epoch a checkpoint holds: of `best` the chosen one, of `last` the last one logged. */
export function epochOf(record: RunRecord, checkpoint: CheckpointName): number | null {
  const [stored] = currentResults(record, checkpoint);
  if (stored) return stored.epoch;
  if (checkpoint === "best") return record.best?.epoch ?? null;
  return record.epochs.at(-1)?.epoch ?? null;
}

/** Points of a curve have a chart of their own; in the table are those that the run was configured to measure. */
function isCurvePointAlone(record: RunRecord, result: RunRecord["stored"][number]): boolean {
  if (!attackCurves(record).some(({ points }) => points.some((point) => point.result === result)))
    return false;
  const configured = setting(record.config, "evaluation.attacks");
  const names: readonly unknown[] = Array.isArray(configured) ? configured : ["pgd-20"];
  return !names.some((name) => attackLabel(result.attack) === loggedAttackLabel(record, plainText(name)));
}
