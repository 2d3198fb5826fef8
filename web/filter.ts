// The line that filters runs: words, and fields such as `method:reat`, `robust>30`, `training.epochs=80`, `-state:failed`.
import type { RunRow } from "../src/server/messages.js";
import { columns } from "./columns.js";

type Test = (row: RunRow) => boolean;

/** What is accepted, in one sentence. */
export const filterHelp =
  "Words, and fields: method:reat, robust>30 (per cent), training.epochs=80, -state:failed. All must hold.";

/** A test from a line, or the reason why it is none. */
export function parseFilter(line: string): Test | string {
  const tests: Test[] = [];
  for (const word of line.match(/(?:[^\s"]|"[^"]*"?)+/g) ?? []) {
    const negated = word.length > 1 && word.startsWith("-");
    const test = parseWord((negated ? word.slice(1) : word).replaceAll('"', ""));
    if (typeof test === "string") return test;
    tests.push(negated ? (row) => !test(row) : test);
  }
  return (row) => tests.every((test) => test(row));
}

function parseWord(word: string): Test | string {
  const match = /^([\w.]+)(>=|<=|[:=<>])(.*)$/.exec(word);
  if (!match) {
    const wanted = word.toLowerCase();
    return (row) => everything(row).includes(wanted);
  }
  const [, key = "", sign = "", wanted = ""] = match;
  if (wanted === "") return () => true;
  if (sign === ":" || sign === "=") {
    const text = wanted.toLowerCase();
    return (row) =>
      valuesOf(row, key).some((value) => {
        const own = String(value).toLowerCase();
        return sign === ":" ? own.includes(text) : own === text || Number(own) === Number(text);
      });
  }
  const limit = Number(wanted);
  if (!Number.isFinite(limit)) return `${key}${sign} takes a number, not “${wanted}”.`;
  return (row) =>
    valuesOf(row, key).some((value) => {
      const own = typeof value === "number" ? value : Number(value);
      if (sign === ">") return own > limit;
      if (sign === "<") return own < limit;
      return sign === ">=" ? own >= limit : own <= limit;
    });
}

/** Values of a column, or of the settings of that path or one that ends so. */
function valuesOf(row: RunRow, key: string): (string | number)[] {
  const column = columns.find((one) => one.key === key);
  if (column) {
    const value = column.value(row);
    return value === null ? [] : [value];
  }
  if (row.settings[key] !== undefined) return [row.settings[key]];
  return Object.entries(row.settings).flatMap(([path, value]) => (path.endsWith(`.${key}`) ? [value] : []));
}

function everything(row: RunRow): string {
  const words = columns.filter(({ numeric }) => !numeric).map(({ value }) => value(row));
  return [row.id, ...words].join(" ").toLowerCase();
}
