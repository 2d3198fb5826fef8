// The results table: every run's best and last checkpoint under every attack, and the gap between them.
import { html, type Markup } from "../markup.js";
import { count, missing, percent, points, standardError } from "../numbers.js";
import {
  attacksOf,
  type Figures,
  figureGap,
  figureNames,
  type Measurement,
  type ResultRow,
  resultRows,
} from "../reading/index.js";
import { filesTable, runName, type ShownRun } from "./parts.js";

export function resultsSection(runs: readonly ShownRun[]): Markup {
  const groups = runs.map((run) => ({ run, rows: resultRows(run.record) }));
  const all = groups.flatMap((g) => g.rows);
  if (all.length === 0) {
    return html`<section aria-labelledby="results"><h2 id="results">Results</h2><p>No run has been evaluated yet.</p></section>`;
  }
  const attacks = attacksOf(all);
  const top = new Map(
    attacks.flatMap((attack) => figureNames.map((name) => [`${attack} ${name}`, best(all, attack, name)])),
  );
  const body = groups.map(({ run, rows }) => {
    const shown: Markup[] = rows.map((row, i) => {
      const cells = attacks.map((attack) =>
        figureCells(measured(row, attack)?.figures, (name, value) => {
          const leads =
            row.checkpoint === "best" && severalBest(all) && value === top.get(`${attack} ${name}`);
          return html`<td class="${edge(name)}${leads && " best"}">${percent(value)}</td>`;
        }),
      );
      const held = [row.epoch !== null && `epoch ${row.epoch}`, row.averaged && "averaged"].filter(Boolean);
      const epoch = held.length > 0 && ` (${held.join(", ")})`;
      return html`<tr>${i === 0 ? html`<th scope="row">${runName(run)}</th>` : html`<td></td>`}<th scope="row">${row.checkpoint}${epoch}</th>${cells}</tr>`;
    });
    if (rows.length === 0) {
      return html`<tbody><tr><th scope="row">${runName(run)}</th><th scope="row" colspan="${1 + attacks.length * figureNames.length}">not evaluated yet</th></tr></tbody>`;
    }
    return html`<tbody>${shown}${gapRow(rows, attacks)}</tbody>`;
  });
  return html`<section aria-labelledby="results"><h2 id="results">Results</h2>
<p class="explain">Accuracy in per cent. Head, body and tail are means over the classes of the group, balanced is the mean over all classes. The gap is best minus last, in percentage points: what early stopping is worth.</p>
<div class="scroll" tabindex="0"><table class="results"><thead><tr><th rowspan="2" scope="col" style="text-align:left">run</th><th rowspan="2" scope="col" style="text-align:left">checkpoint</th>${attacks.map((a) => html`<th class="span" scope="colgroup" colspan="${figureNames.length}">${attackTitle(a)}</th>`)}</tr><tr>${attacks.map(() => figureNames.map((name) => html`<th scope="col" class="${edge(name)}">${name}</th>`))}</tr></thead>${body}</table></div>
${footnotes(all)}
${filesTable(groups.flatMap(({ run, rows }) => rows.flatMap((row) => files(run, row))))}</section>`;
}

function files(run: ShownRun, row: ResultRow) {
  return row.measurements.map(({ attack, file, source }) => ({
    run,
    measured: `${row.checkpoint}, ${attackTitle(attack)}`,
    file: source === "training log" && row.epoch !== null ? `${file}, epoch ${row.epoch}` : file,
  }));
}

/** "pgd-20 ε=4/255" as "PGD-20 ε=4/255", "autoattack [12ab]" as "AutoAttack [12ab]"; clean stays a word. */
export function attackTitle(label: string): string {
  const [name = "", ...rest] = label.split(" ");
  const title = name.startsWith("autoattack") ? name.replace("autoattack", "AutoAttack") : name.toUpperCase();
  return name === "clean" ? "clean" : [title, ...rest].join(" ");
}

function gapRow(rows: readonly ResultRow[], attacks: readonly string[]): Markup | false {
  const [bestRow, lastRow] = [
    rows.find((r) => r.checkpoint === "best"),
    rows.find((r) => r.checkpoint === "last"),
  ];
  if (!bestRow || !lastRow) return false;
  const cells = attacks.map((attack) => {
    const [a, b] = [measured(bestRow, attack)?.figures, measured(lastRow, attack)?.figures];
    return figureNames.map(
      (name) => html`<td class="${edge(name)}">${a && b ? points(figureGap(a, b, name)) : missing}</td>`,
    );
  });
  return html`<tr class="gap"><td></td><th scope="row">gap</th>${cells}</tr>`;
}

function figureCells(
  figures: Figures | undefined,
  cell: (name: keyof Figures, value: number | null) => Markup,
): Markup[] {
  return figureNames.map((name) => cell(name, figures?.[name] ?? null));
}

function edge(name: keyof Figures): string | false {
  return name === "all" && "edge";
}

function measured(row: ResultRow, attack: string): Measurement | undefined {
  return row.measurements.find((m) => m.attack === attack);
}

function best(rows: readonly ResultRow[], attack: string, name: keyof Figures): number {
  const values = rows.flatMap((row) =>
    row.checkpoint === "best" ? [measured(row, attack)?.figures[name] ?? -1] : [],
  );
  return Math.max(-1, ...values);
}

/** How the numbers were measured: images, their sampling error, and exceptions. */
function footnotes(rows: readonly ResultRow[]): Markup {
  const measurements = rows.flatMap((row) => row.measurements.map((m) => ({ row, m })));
  const images = [...new Set(measurements.map(({ m }) => m.images))].sort((a, b) => a - b);
  const robust = measurements.filter(({ m }) => m.attack !== "clean");
  const widest = Math.max(0, ...robust.map(({ m }) => standardError(m.figures.all, m.images)));
  const logged = [
    ...new Set(
      measurements.flatMap(({ row, m }) =>
        m.source === "training log" ? [`${row.run} ${row.checkpoint}, ${attackTitle(m.attack)}`] : [],
      ),
    ),
  ];
  const validation = [
    ...new Set(
      measurements.flatMap(({ row, m }) =>
        m.split === "validation" ? [`${row.run} ${row.checkpoint}, ${attackTitle(m.attack)}`] : [],
      ),
    ),
  ];
  const error =
    widest > 0 &&
    ` One standard error of a robust accuracy over all images is at most ${percent(widest)} points from the choice of images alone; other seeds add to it.`;
  return html`<p class="explain">Measured on ${images.map(count).join(" or ")} images.${error}${severalBest(rows) && " Bold: the highest among the best checkpoints."}${logged.length > 0 && ` From the evaluations made while training: ${logged.join("; ")}.`}${validation.length > 0 && ` On validation images: ${validation.join("; ")}.`}${rows.some((row) => row.averaged) && " Averaged: the weights are their moving average over the training steps."}</p>`;
}

function severalBest(rows: readonly ResultRow[]): boolean {
  return rows.filter((row) => row.checkpoint === "best").length > 1;
}
