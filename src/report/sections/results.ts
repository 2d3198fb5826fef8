// The results table: every run's best and last checkpoint under every attack, and the gap between them.
import { html, type Markup } from "../markup.js";
import { count, missing, percent, points } from "../numbers.js";
import {
  attacksOf,
  type Figures,
  figureGap,
  figureNames,
  type Measurement,
  type ResultRow,
  resultRows,
  seedMeans,
} from "../reading/index.js";
import { filesTable, runName, type ShownRun } from "./parts.js";

export function resultsSection(runs: readonly ShownRun[]): Markup {
  const groups = runs.map((run) => ({ run, rows: resultRows(run.record) }));
  const all = groups.flatMap((g) => g.rows);
  if (all.length === 0) {
    return html`<section aria-labelledby="results"><h2 id="results">Results</h2><p>No run has been evaluated yet.</p></section>`;
  }
  const attacks = attacksOf(all);
  const names = shownFigures(all);
  const means = seedMeans(runs.map(({ record }) => record));
  const top = new Map(
    attacks.flatMap((attack) => figureNames.map((name) => [`${attack} ${name}`, best(all, attack, name)])),
  );
  const body = groups.map(({ run, rows }) => {
    const shown: Markup[] = rows.map((row, i) => {
      const cells = attacks.map((attack) => {
        const found = measured(row, attack);
        return names.map((name) => {
          const value = found?.figures[name] ?? null;
          const leads =
            row.checkpoint === "best" && severalBest(all) && value === top.get(`${attack} ${name}`);
          return html`<td class="${edge(name)}${leads && " best"}">${percent(value)}${within(found?.margins[name])}</td>`;
        });
      });
      const held = [row.epoch !== null && `epoch ${row.epoch}`, row.averaged && "averaged"].filter(Boolean);
      const epoch = held.length > 0 && ` (${held.join(", ")})`;
      return html`<tr>${i === 0 ? html`<th scope="row">${runName(run)}</th>` : html`<td></td>`}<th scope="row">${row.checkpoint}${epoch}</th>${cells}</tr>`;
    });
    if (rows.length === 0) {
      return html`<tbody><tr><th scope="row">${runName(run)}</th><th scope="row" colspan="${1 + attacks.length * names.length}">not evaluated yet</th></tr></tbody>`;
    }
    return html`<tbody>${shown}${gapRow(rows, attacks, names)}</tbody>`;
  });
  const averages = means.map(({ runs: own, checkpoint, attacks: measuredIn }) => {
    const cells = attacks.map((attack) =>
      names.map((name) => {
        const mean = measuredIn.get(attack)?.[name];
        return html`<td class="${edge(name)}">${percent(mean?.mean)}${within(mean?.standardError)}</td>`;
      }),
    );
    return html`<tr class="mean"><th scope="row">mean of ${own.length} seeds: ${own.map(({ name }) => name).join(", ")}</th><th scope="row">${checkpoint}</th>${cells}</tr>`;
  });
  const gaps = groups.some(({ rows }) => gapRow(rows, attacks, names));
  const levelled = names.length < figureNames.length;
  return html`<section aria-labelledby="results"><h2 id="results">Results</h2>
<p class="explain">Accuracy in per cent. Head, body and tail are means over the classes of the group${levelled ? "; the classes have equally many images, so the mean over all classes is the accuracy itself" : ", balanced is the mean over all classes"}. ± is half of a 95 % interval (Wilson's) for the choice of images${means.length > 0 && "; of a mean over seeds, its standard error"}.${gaps && " The gap is best minus last, in percentage points: what early stopping is worth."}</p>
<div class="scroll" tabindex="0"><table class="results"><thead><tr><th rowspan="2" scope="col" style="text-align:left">run</th><th rowspan="2" scope="col" style="text-align:left">checkpoint</th>${attacks.map((a) => html`<th class="span" scope="colgroup" colspan="${names.length}">${attackTitle(a)}</th>`)}</tr><tr>${attacks.map(() => names.map((name) => html`<th scope="col" class="${edge(name)}">${name}</th>`))}</tr></thead>${body}${averages.length > 0 && html`<tbody>${averages}</tbody>`}</table></div>
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

/** A margin behind its figure; nothing where it is not known. */
export function within(margin: number | null | undefined): Markup | false {
  return typeof margin === "number" && html` <small>±${percent(margin)}</small>`;
}

/** The mean over classes is shown where it differs from the accuracy anywhere, as where classes have unequally many images. */
function shownFigures(rows: readonly ResultRow[]): readonly (keyof Figures)[] {
  const differs = rows.some((row) =>
    row.measurements.some(({ figures }) => percent(figures.balanced, 2) !== percent(figures.all, 2)),
  );
  return differs ? figureNames : figureNames.filter((name) => name !== "balanced");
}

function gapRow(
  rows: readonly ResultRow[],
  attacks: readonly string[],
  names: readonly (keyof Figures)[],
): Markup | false {
  const [bestRow, lastRow] = [
    rows.find((r) => r.checkpoint === "best"),
    rows.find((r) => r.checkpoint === "last"),
  ];
  if (!bestRow || !lastRow) return false;
  const cells = attacks.map((attack) => {
    const [a, b] = [measured(bestRow, attack)?.figures, measured(lastRow, attack)?.figures];
    return names.map(
      (name) => html`<td class="${edge(name)}">${a && b ? points(figureGap(a, b, name)) : missing}</td>`,
    );
  });
  return html`<tr class="gap"><td></td><th scope="row">gap</th>${cells}</tr>`;
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

/** How the numbers were measured: images, and exceptions. */
function footnotes(rows: readonly ResultRow[]): Markup {
  const measurements = rows.flatMap((row) => row.measurements.map((m) => ({ row, m })));
  const images = [...new Set(measurements.map(({ m }) => m.images))].sort((a, b) => a - b);
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
  return html`<p class="explain">Measured on ${images.map(count).join(" or ")} images; other seeds add to the ±.${severalBest(rows) && " Bold: the highest among the best checkpoints."}${logged.length > 0 && ` From the evaluations made while training: ${logged.join("; ")}.`}${validation.length > 0 && ` On validation images: ${validation.join("; ")}.`}${rows.some((row) => row.averaged) && " Averaged: the weights are their moving average over the training steps."}</p>`;
}

function severalBest(rows: readonly ResultRow[]): boolean {
  return rows.filter((row) => row.checkpoint === "best").length > 1;
}
