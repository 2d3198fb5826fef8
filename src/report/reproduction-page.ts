// The page, the JSON and the CSV of a reproduction: the paper's figure beside ours, differences and verdicts.
import { join } from "node:path";
import { makeFolder, writeDurably } from "../durable-file.js";
import {
  type ReproducedCell,
  type ReproducedTable,
  type ReproducedTableRow,
  type Reproduction,
  signed,
} from "../experiments/index.js";
import { html, Markup } from "./markup.js";
import { figureSection } from "./reproduction-figures.js";
import { styleSheet } from "./styles.js";

/** "32.08 ± 0.12", "31.2" for one figure, "–" for none. */
function figure(mean: number | undefined, standardError: number | null | undefined): string {
  if (mean === undefined) return "–";
  return `${mean.toFixed(2)}${standardError === null || standardError === undefined ? "" : ` ± ${standardError.toFixed(2)}`}`;
}

const duration = (hours: number) => (hours < 1 ? `${(60 * hours).toFixed(1)} min` : `${hours.toFixed(1)} h`);

/** The page, which needs nothing beside it and runs no script. */
export function renderReproduction(reproduction: Reproduction): string {
  const { artefacts, budget, protocol, seeds, hardware, synthetic, hours, tables, figures, failed } =
    reproduction;
  const title = `${artefacts.join(", ")} of the REAT paper, budget ${budget}`;
  return `<!doctype html>
${html`<html lang="en">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:"/>
<title>${title} · reat</title>
<style>${new Markup(styleSheet())}</style>
</head>
<body>
<main>
<h1>${title}</h1>
<p class="lead">Tables and figures of Li et al., arXiv 2307.10205, measured again. Seeds ${seeds.join(", ")}; ${duration(hours)} of training and measuring.</p>
${budget !== "paper" && html`<p class="notice">Another protocol than the paper's: its figures and ours cannot be compared, only the direction of the differences between rows.</p>`}
${synthetic && html`<p class="notice">Synthetic images, drawn by a program: the figures say nothing about photographs.</p>`}
${failed.length > 0 && html`<div class="notice"><strong>Failed:</strong><ul>${failed.map(({ run, neededBy, reason }) => html`<li>${run} (${neededBy.join("; ")}): ${reason}</li>`)}</ul></div>`}
<table class="facts"><tbody><tr><th scope="row">protocol</th><td>${protocol}</td></tr><tr><th scope="row">hardware</th><td>${hardware.length === 0 ? "nothing has run yet" : hardware.map((line) => html`<div>${line}</div>`)}</td></tr><tr><th scope="row">how to read it</th><td>Accuracies in per cent, mean ± standard error over seeds. Differences are paired: of runs with the same seed. A row is called higher or lower where 0 lies outside the 95 % interval of the difference (Student’s t).</td></tr></tbody></table>
${tables.map((table) => tableSection(table, reproduction))}
${figures.map(figureSection)}
<footer>Written by reat.</footer>
</main>
</body>
</html>
`}`;
}

function tableSection(table: ReproducedTable, { seeds, budget }: Reproduction): Markup {
  const columns = [...new Set(table.rows.flatMap(({ cells }) => cells.map(({ column }) => column)))];
  const sentences = table.rows.flatMap(({ cells }) => cells.flatMap(({ sentence }) => sentence ?? []));
  const caveats = new Map<string, string[]>();
  for (const { row, caveat } of table.rows) {
    if (caveat) caveats.set(caveat, [...(caveats.get(caveat) ?? []), row]);
  }
  const id = `table-${table.table}`;
  return html`<section aria-labelledby="${id}"><h2 id="${id}">Table ${table.table}</h2><p class="explain">${table.title}${budget !== "paper" && ` Measured with the budget ${budget}.`}</p>
<div class="scroll" tabindex="0"><table><caption>Paper above, ours below${table.unit === "s" && "; seconds"}</caption><thead><tr><th scope="col" style="text-align:left">row</th>${columns.map((column) => html`<th scope="col">${column}</th>`)}<th scope="col">runs</th><th scope="col">training</th><th scope="col">measuring</th><th scope="col">preset</th></tr></thead><tbody>${table.rows.map((row) => tableRow(row, columns, seeds.length))}</tbody></table></div>
${[...caveats].map(([caveat, rows]) => html`<p class="notice"><strong>${rows.join(", ")}:</strong> ${caveat}</p>`)}
${sentences.length > 0 && html`<ul>${sentences.map((sentence) => html`<li>${sentence}</li>`)}</ul>`}</section>`;
}

function tableRow(row: ReproducedTableRow, columns: readonly string[], seeds: number): Markup {
  const cellOf = (column: string): ReproducedCell | undefined =>
    row.cells.find((cell) => cell.column === column);
  return html`<tr><th scope="row">${row.row}${row.caveat !== null && "*"}</th>${columns.map((column) => {
    const cell = cellOf(column);
    const { paper, ours, difference } = cell ?? {};
    return html`<td><div style="color:var(--soft)">${figure(paper?.value, paper?.standardError)}</div><div>${figure(ours?.mean, ours?.standardError)}</div>${difference && html`<div style="font-size:12px;color:var(--soft)">${signed(difference.mean)}${difference.standardError !== null && ` ± ${difference.standardError.toFixed(2)}`}</div>`}</td>`;
  })}<td>${row.seedsDone.length} of ${seeds}</td><td>${duration(row.trainingHours)}</td><td>${duration(row.measuringHours)}</td><td><code>${row.presetHash}</code></td></tr>`;
}

/** One line for each figure: table, row, column, paper, ours, difference, verdict, protocol. */
export function reproductionCsv({ tables, budget }: Reproduction): string {
  const header =
    "budget,table,row,column,unit,paper,paper_se,mean,se,runs,baseline,difference,difference_se,pairs,verdict,preset,training_hours,measuring_hours,caveat";
  const lines = tables.flatMap(({ table, unit, rows }) =>
    rows.flatMap((row) =>
      row.cells.map(({ column, paper, ours, difference, verdict }) =>
        [
          ...[budget, table, row.row, column, unit, paper?.value, paper?.standardError],
          ...[ours?.mean, ours?.standardError, ours?.runs ?? 0, row.baseline],
          ...[difference?.mean, difference?.standardError, difference?.runs, verdict, row.presetHash],
          ...[row.trainingHours, row.measuringHours, row.caveat],
        ]
          .map(csvField)
          .join(","),
      ),
    ),
  );
  return `${[header, ...lines].join("\n")}\n`;
}

function csvField(value: string | number | null | undefined): string {
  if (value === null || value === undefined) return "";
  const text = String(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Writes reproduction.html, .json and .csv into a folder. @returns the page's path @throws ReatError `disk` */
export async function writeReproduction(folder: string, reproduction: Reproduction): Promise<string> {
  makeFolder(folder);
  const page = join(folder, "reproduction.html");
  await writeDurably(join(folder, "reproduction.json"), `${JSON.stringify(reproduction, null, 2)}\n`, {
    shared: true,
  });
  await writeDurably(join(folder, "reproduction.csv"), reproductionCsv(reproduction), { shared: true });
  await writeDurably(page, renderReproduction(reproduction), { shared: true });
  return page;
}
