// Rows on their way to the page: a configuration has about a hundred settings, nearly all the same in every run.
import type { RunRow, SentRows } from "./messages.js";

/** Takes out of the rows what all of them have. */
export function withoutShared(rows: readonly RunRow[]): SentRows {
  const [first, ...others] = rows;
  if (!first || others.length === 0) return { shared: {}, rows };
  const shared = Object.fromEntries(
    Object.entries(first.settings).filter(([key, value]) =>
      others.every(({ settings }) => settings[key] === value),
    ),
  );
  const own = rows.map((row) => ({
    ...row,
    settings: Object.fromEntries(Object.entries(row.settings).filter(([key]) => !Object.hasOwn(shared, key))),
  }));
  return { shared, rows: own };
}

/** Puts it back. */
export function withShared({ shared, rows }: SentRows): RunRow[] {
  return rows.map((row) => ({ ...row, settings: { ...shared, ...row.settings } }));
}
