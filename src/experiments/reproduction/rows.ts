// The rows that a reproduction of a table has: the paper's and, in table 2, variants that its text allows as well.
import { ReatError } from "../../errors.js";
import { nearest } from "../config/index.js";
import { type PaperRow, paperRows, paperTables } from "../paper-tables.js";
import { type PaperFigure, paperFigures } from "./figures.js";

/** A row, what it is compared with, and what it cannot say. */
export interface ReproducedRow extends PaperRow {
  /** The label of the row of the same table that it is compared with; null for that row itself. */
  readonly baseline: string | null;
  /** Where the row does not say what the paper says, why. */
  readonly caveat: string | null;
}

const table2 = (row: string, ...overrides: string[]): PaperRow => ({
  ...{ table: 2, row, preset: "cifar10-lt-ur50-resnet18-reat" },
  overrides: [`name=table-2-${row.toLowerCase().replace(/[^a-z0-9]+/g, "-")}`, ...overrides],
});

/** Not in the paper: readings of its text in which RBL can change the examples, and TAIL as it is written. */
const variants: readonly PaperRow[] = [
  table2("RBL, logits", "method.reweighting=rbl", "method.rbl.form=logit", "method.tail.enabled=false"),
  table2(
    "RBL, batch statistics",
    "method.reweighting=rbl",
    "method.attack.batchNorm=batch",
    "method.tail.enabled=false",
  ),
  table2("REAT, TAIL of the paper", "method.tail.form=paper"),
];

const baselineMethods: Readonly<Record<number, string>> = {
  ...{ 1: "PGD-AT", 2: "CE", 3: "RoBal", 4: "RoBal", 5: "RoBal", 6: "PGD-AT", 7: "PGD-AT", 8: "PGD-AT" },
  ...{ 9: "PGD-AT", 10: "PGD-AT", 11: "PGD-AT", 12: "PGD-AT", 13: "RoBal", 14: "pgd-at" },
};

function baselineOf({ table, row }: PaperRow): string | null {
  const method = baselineMethods[table]!;
  const label =
    table === 2 || table === 7
      ? method
      : row.replace(/PGD-AT \(BS\)|PGD-AT|REAT|RoBal|pgd-at|reat|robal/, method);
  return label === row ? null : label;
}

const weightCaveat =
  "With running statistics this weight multiplies the gradient of each image by a positive number, which the sign of an l∞ step does not see: the examples are those of plain PGD, so the row cannot say what the paper says of it.";

function caveatOf({ table, overrides, preset }: PaperRow): string | null {
  if (table === 12) return "The paper's digits of the l2 budget are lost; this is the usual one.";
  const asWeight =
    preset.endsWith("-reat") &&
    !overrides.some((text) =>
      /method\.(rbl\.form=logit|attack\.batchNorm=batch|reweighting=(none|brw))/.test(text),
    );
  return asWeight ? weightCaveat : null;
}

/** All rows of all tables. */
export const reproducedRows: readonly ReproducedRow[] = [...paperRows, ...variants].map((row) => ({
  ...row,
  ...{ baseline: baselineOf(row), caveat: caveatOf(row) },
}));

/** The names that {@link chosenArtefacts} takes. */
export const artefactNames: readonly string[] = [
  ...Object.keys(paperTables).map((number) => `table-${number}`),
  ...paperFigures.map(({ figure }) => `figure-${figure}`),
  "all",
];

/**
 * The rows of tables and the figures by name, in the paper's order.
 * @param names such as `table-2` or `figure-3`, or `all`
 * @param labels of tables only these rows, with the rows that they are compared with; case does not matter
 * @throws ReatError `usage` for a name or a row that does not exist
 */
export function chosenArtefacts(
  names: readonly string[],
  labels: readonly string[] | null,
): { readonly tables: readonly ReproducedRow[]; readonly figures: readonly PaperFigure[] } {
  if (names.length === 0)
    throw new ReatError("usage", `Nothing was named; accepted: ${artefactNames.join(", ")}.`);
  for (const name of names) {
    if (artefactNames.includes(name)) continue;
    const guess = nearest(name, artefactNames);
    const meant = guess ? ` (did you mean "${guess}"?)` : "";
    throw new ReatError(
      "usage",
      `"${name}" is no table or figure of the paper${meant}; accepted: ${artefactNames.join(", ")}.`,
    );
  }
  const rows = reproducedRows
    .filter(({ table }) => names.includes("all") || names.includes(`table-${table}`))
    .sort((a, b) => a.table - b.table);
  const figures = paperFigures.filter(
    ({ figure }) => names.includes("all") || names.includes(`figure-${figure}`),
  );
  if (labels === null) return { tables: rows, figures };
  if (rows.length === 0)
    throw new ReatError("usage", "--rows chooses rows of tables, and only figures are named.");
  const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();
  for (const label of labels) {
    if (rows.some(({ row }) => same(row, label))) continue;
    const known = [...new Set(rows.map(({ row }) => row))];
    const guess = nearest(label, known);
    const meant = guess ? ` (did you mean "${guess}"?)` : "";
    throw new ReatError(
      "usage",
      `--rows: there is no row "${label}"${meant}; accepted: ${known.join("; ")}.`,
    );
  }
  const wanted = rows.filter(({ row }) => labels.some((label) => same(label, row)));
  const tables = rows.filter((row) =>
    wanted.some((each) => each.table === row.table && (each.row === row.row || each.baseline === row.row)),
  );
  return { tables, figures };
}
