// Folds runs into lines: those of one experiment (its seeds), or those that share the value of a setting.
import type { RunRow } from "../src/server/messages.js";
import { columns } from "./columns.js";

export type Line =
  | { readonly kind: "run"; readonly row: RunRow; readonly inside: boolean }
  | {
      readonly kind: "group";
      readonly key: string;
      readonly title: string;
      readonly rows: readonly RunRow[];
    };

export interface Order {
  readonly key: string;
  readonly descending: boolean;
}

/** Settings in which the runs differ, as a group can be made of; seeds are folded by `experiment`. */
export function differingSettings(rows: readonly RunRow[]): string[] {
  const values = new Map<string, Set<string>>();
  for (const { settings } of rows) {
    for (const [key, value] of Object.entries(settings)) {
      if (!values.has(key)) values.set(key, new Set());
      values.get(key)!.add(value);
    }
  }
  return [...values]
    .filter(([key, different]) => different.size > 1 && !key.startsWith("seeds."))
    .map(([key]) => key)
    .sort();
}

export function sorted(rows: readonly RunRow[], { key, descending }: Order): RunRow[] {
  const column = columns.find((one) => one.key === key)!;
  const direction = descending ? -1 : 1;
  return rows
    .map((row) => ({ row, value: column.value(row) }))
    .sort((a, b) => {
      // What has no value stands last in both directions.
      if (a.value === null || b.value === null) return Number(a.value === null) - Number(b.value === null);
      return direction * compare(a.value, b.value) || compare(a.row.name, b.row.name);
    })
    .map(({ row }) => row);
}

const collator = new Intl.Collator("en", { numeric: true });

function compare(a: string | number, b: string | number): number {
  return typeof a === "number" && typeof b === "number" ? a - b : collator.compare(String(a), String(b));
}

/**
 * @param by "" for none, "experiment" for runs that differ in their seeds alone, or a setting
 * @param open keys of groups whose runs are shown
 */
export function linesOf(rows: readonly RunRow[], by: string, open: ReadonlySet<string>): Line[] {
  if (by === "") return rows.map((row) => ({ kind: "run", row, inside: false }));
  const groups = new Map<string, RunRow[]>();
  for (const row of rows) {
    const key = by === "experiment" ? row.experiment || row.id : (row.settings[by] ?? "not set");
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups].flatMap(([key, members]): Line[] => {
    if (by === "experiment" && members.length === 1) {
      return [{ kind: "run", row: members[0]!, inside: false }];
    }
    const title = by === "experiment" ? commonName(members) : `${by} = ${key}`;
    const runs = open.has(key) ? members.map((row): Line => ({ kind: "run", row, inside: true })) : [];
    return [{ kind: "group", key, title, rows: members }, ...runs];
  });
}

/** What the names begin with, or the first one. */
function commonName(rows: readonly RunRow[]): string {
  let common = rows[0]!.name;
  for (const { name } of rows) while (!name.startsWith(common)) common = common.slice(0, -1);
  const tidy = common.replace(/[-_. ]*(seed|s)?[-_. ]*$/i, "");
  return tidy.length >= 3 ? tidy : rows[0]!.name;
}
