// The columns of the table of runs: what each shows, sorts by, and averages over seeds.
import { compact, count, duration, missing } from "../src/report/numbers.js";
import type { RunRow } from "../src/server/messages.js";

export interface Column {
  /** What a filter calls it. */
  readonly key: string;
  readonly title: string;
  /** For the eyes of a pointer and a screen reader. */
  readonly help: string;
  readonly numeric: boolean;
  /** Sorted and filtered by; filters take accuracies in per cent. */
  readonly value: (row: RunRow) => number | string | null;
  readonly format: (value: number) => string;
  /** Averaged where runs are folded. */
  readonly averaged: boolean;
}

const accuracy = (
  key: string,
  title: string,
  help: string,
  value: (row: RunRow) => number | null | undefined,
): Column => ({
  ...{ key, title, help, numeric: true, averaged: true, format: (v) => v.toFixed(1) },
  value: (row) => {
    const share = value(row);
    return share === null || share === undefined ? null : 100 * share;
  },
});

const text = (key: string, title: string, help: string, value: (row: RunRow) => string | null): Column => ({
  ...{ key, title, help, value, numeric: false, averaged: false, format: String },
});

const number = (
  key: string,
  title: string,
  help: string,
  value: (row: RunRow) => number | null,
  format: (value: number) => string,
  averaged = false,
): Column => ({ key, title, help, value, format, numeric: true, averaged });

export const columns: readonly Column[] = [
  text("name", "run", "name of the run", (row) => row.name),
  text("state", "state", "running, finished, stopped, failed or unreadable", (row) => row.state),
  text("method", "method", "training method", (row) => row.settings["method.name"] ?? null),
  text("data", "data", "data set", (row) => row.dataset),
  text("model", "network", "architecture", (row) => row.settings["model.architecture"] ?? null),
  number("epoch", "epoch", "epochs done", (row) => row.epoch, count),
  number("left", "time left", "until the last epoch is trained", (row) => row.secondsLeft, duration),
  number("speed", "images/s", "training images a second", (row) => row.imagesPerSecond, compact),
  number("loss", "loss", "training loss of the last epoch", (row) => row.loss, compact, true),
  accuracy(
    "clean",
    "clean",
    "accuracy without an attack at the last evaluation, %",
    (row) => row.last?.clean,
  ),
  accuracy(
    "robust",
    "robust, last",
    "accuracy under attack at the last evaluation, %",
    (row) => row.last?.robust,
  ),
  accuracy("best", "robust, best", "accuracy under attack at the best epoch, %", (row) => row.best?.robust),
  accuracy("tail", "tail", "accuracy under attack over the tail's classes, %", (row) => row.tail),
  accuracy("autoattack", "AutoAttack", "accuracy under AutoAttack, %", (row) => row.measured.autoattack),
];

export const shown = (column: Column, row: RunRow): string => {
  const value = column.value(row);
  if (value === null) return missing;
  if (column.key === "epoch") return row.epochs === null ? String(row.epoch) : `${row.epoch}/${row.epochs}`;
  return typeof value === "number" ? column.format(value) : value;
};

/** Mean and standard error over the runs that have a value; no error for one run. */
export function meanOf(
  column: Column,
  rows: readonly RunRow[],
): { mean: number; error: number | null; of: number } | null {
  const values = rows.map(column.value).filter((value) => typeof value === "number");
  if (values.length === 0) return null;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (values.length === 1) return { mean, error: null, of: 1 };
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, error: Math.sqrt(squares / (values.length - 1) / values.length), of: values.length };
}
