// The results as aligned text for the terminal.

import Table from "cli-table3";
import { bestFirst } from "../evaluation/index.js";
import { count, missing, percent, points } from "./numbers.js";
import { plainText } from "./plain-text.js";
import {
  attacksOf,
  figureGap,
  figureNames,
  type ResultRow,
  type RunRecord,
  setting,
} from "./reading/index.js";

/** A run's figures under one attack, fractions 0 to 1; what {@link evaluationTable} prints a line of. */
export interface TableRow {
  /** Words that say whose figures these are, by column: for instance the run, the checkpoint, the attack. */
  readonly labels: Readonly<Record<string, string>>;
  /** By column, accuracies 0 to 1; null prints a dash. */
  readonly figures: Readonly<Record<string, number | null>>;
  /** Signed differences in percentage points instead of percentages. */
  readonly difference?: boolean;
}

/**
 * Accuracies in per cent with one decimal, columns in the order of the first row; numbers are aligned right. No colours, no
 * final line break.
 */
export function evaluationTable(rows: readonly TableRow[]): string {
  const labels = [...new Set(rows.flatMap((row) => Object.keys(row.labels)))];
  const figures = [...new Set(rows.flatMap((row) => Object.keys(row.figures)))];
  const cells = rows.map((row) => [
    ...labels.map((label) => row.labels[label] ?? ""),
    ...figures.map((name) => (row.difference ? points(row.figures[name]) : percent(row.figures[name]))),
  ]);
  return textTable([...labels, ...figures], cells, labels.length);
}

/** The rows of {@link evaluationTable} for runs: best, last and their gap under each attack. */
export function tableRows(rows: readonly ResultRow[]): TableRow[] {
  const attacks = attacksOf(rows);
  const averaged = (run: string, checkpoint: string) =>
    rows.some((row) => row.run === run && row.checkpoint === checkpoint && row.averaged);
  return [...new Set(rows.map((row) => row.run))].flatMap((run) =>
    attacks.flatMap((attack): TableRow[] => {
      const of = (checkpoint: string) =>
        rows
          .find((row) => row.run === run && row.checkpoint === checkpoint)
          ?.measurements.find((m) => m.attack === attack)?.figures;
      const [best, last] = [of("best"), of("last")];
      const labels = (checkpoint: string) => ({ run, attack, checkpoint });
      const measured = bestFirst.flatMap((checkpoint): TableRow[] => {
        const figures = checkpoint === "best" ? best : last;
        const shown = averaged(run, checkpoint) ? `${checkpoint} (averaged)` : checkpoint;
        return figures ? [{ labels: labels(shown), figures: { ...figures } }] : [];
      });
      if (!best || !last) return measured;
      const gap = Object.fromEntries(figureNames.map((name) => [name, figureGap(best, last, name)]));
      return [...measured, { labels: labels("gap"), figures: gap, difference: true }];
    }),
  );
}

/** One line for each run: method, epochs, best epoch, and where the log ends. */
export function runsTable(records: readonly RunRecord[]): string {
  const cells = records.map((record) => {
    const done = record.epochs.at(-1)?.epoch ?? 0;
    const planned = record.start?.epochs;
    const best = record.best;
    return [
      record.name,
      plainText(setting(record.config, "method.name") ?? missing),
      `${record.data?.name ?? record.stored[0]?.dataset ?? missing}${record.synthetic ? " (synthetic)" : ""}`,
      record.end ? "finished" : record.stopped ? "stopped" : "unfinished",
      planned === undefined ? count(done) : `${done}/${planned}`,
      best ? String(best.epoch) : missing,
      percent(best?.robust),
    ];
  });
  return textTable(["run", "method", "data", "state", "epochs", "best epoch", "best robust"], cells, 4);
}

const noLines = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: "  ",
} as const;

function textTable(head: readonly string[], cells: readonly (readonly string[])[], words: number): string {
  const table = new Table({
    chars: noLines,
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
    colAligns: head.map((_, i) => (i < words ? "left" : "right")),
  });
  // A line break in a run's or a class's name would break the row.
  const clean = (text: string) => text.replace(/\s+/g, " ");
  table.push([...head], ...cells.map((row) => row.map(clean)));
  const lines = table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd());
  const width = Math.max(...lines.map((line) => line.length));
  return [lines[0], "─".repeat(width), ...lines.slice(1)].join("\n");
}
