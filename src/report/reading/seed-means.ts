// Runs that differ in their seeds alone, and the mean of what was measured of them.
import { alikeButForSeeds, type MeanOverSeeds, meanOverSeeds } from "../../experiments/index.js";
import { type Figures, figureNames, type ResultRow, resultRows } from "./result-rows.js";
import type { RunRecord } from "./run-record.js";

/** What runs of one configuration have in common. */
export interface SeedMean {
  readonly runs: readonly RunRecord[];
  readonly checkpoint: ResultRow["checkpoint"];
  /** By attack, for those that every run was measured under. */
  readonly attacks: ReadonlyMap<string, MeanFigures>;
}

type MeanFigures = Readonly<Record<keyof Figures, MeanOverSeeds | null>>;

/** Means over at least two runs that differ in name, seeds, device and threads alone, for each checkpoint that all of them have. */
export function seedMeans(records: readonly RunRecord[]): SeedMean[] {
  return alikeButForSeeds(records, ({ config }) => config).flatMap(meansOf);
}

function meansOf(runs: readonly RunRecord[]): SeedMean[] {
  const rows = runs.map(resultRows);
  return (["best", "last"] as const).flatMap((checkpoint) => {
    const own = rows.map((list) => list.find((row) => row.checkpoint === checkpoint));
    const [first] = own;
    if (!first || own.some((row) => row === undefined)) return [];
    const attacks = first.measurements.flatMap(({ attack, split }) => {
      const same = own.map((row) => row!.measurements.find((m) => m.attack === attack && m.split === split));
      if (same.some((m) => m === undefined)) return [];
      const mean = (name: keyof Figures) => meanOverSeeds(same.map((m) => m!.figures[name]));
      const figures = Object.fromEntries(figureNames.map((name) => [name, mean(name)])) as MeanFigures;
      return [[attack, figures] as const];
    });
    return attacks.length === 0 ? [] : [{ runs, checkpoint, attacks: new Map(attacks) }];
  });
}
