// The pieces that sections share: legends, tables of numbers under a chart, names of runs.
import { type Content, html, type Markup } from "../markup.js";
import { runColour } from "../palette.js";
import { eventLog, type RunRecord, setting } from "../reading/index.js";

export interface LegendEntry {
  readonly label: string;
  readonly colour: string;
  readonly kind: "line" | "dashed" | "ring" | "solid" | "pale";
}

export function legend(entries: readonly LegendEntry[]): Markup {
  return html`<ul class="legend">${entries.map((e) => html`<li>${key(e)}${e.label}</li>`)}</ul>`;
}

function key({ kind, colour }: LegendEntry): Markup {
  const drawn = {
    line: html`<path class="line" style="stroke:${colour}" d="M1 7H25"/>`,
    dashed: html`<path class="line" style="stroke:${colour}" d="M1 7H25" stroke-dasharray="7 4"/>`,
    ring: html`<circle class="ring" style="stroke:${colour}" cx="13" cy="7" r="5.5"/>`,
    solid: html`<rect style="fill:${colour}" x="6" y="0" width="14" height="14" rx="2" fill-opacity=".92"/>`,
    pale: html`<rect style="fill:${colour}" x="6" y="1" width="14" height="13" fill-opacity=".26"/><line class="cap" style="stroke:${colour}" x1="6" x2="20" y1="1" y2="1"/>`,
  }[kind];
  return html`<svg width="26" height="14" viewBox="0 0 26 14" aria-hidden="true">${drawn}</svg>`;
}

/**
 * The numbers behind a chart, folded away: for reading, copying and screen readers.
 * @param files where the numbers are from, see {@link loggedIn}; null for a table whose rows name their own files
 */
export function numbersTable(
  caption: string,
  head: readonly string[],
  rows: readonly (readonly Content[])[],
  files: Markup | null,
): Markup {
  return html`<details class="numbers"><summary>Numbers: ${caption}</summary>${files ?? ""}<div class="scroll" tabindex="0"><table><thead><tr>${head.map((h, i) => html`<th scope="col"${i === 0 && html` style="text-align:left"`}>${h}</th>`)}</tr></thead><tbody>${rows.map(
    (row) =>
      html`<tr><th scope="row">${row[0]}</th>${row.slice(1).map((cell) => html`<td>${cell}</td>`)}</tr>`,
  )}</tbody></table></div></details>`;
}

/** Where numbers come from, folded away: the file behind each measurement. Files are paths within the run's folder. */
export function filesTable(
  rows: readonly {
    readonly run: ShownRun;
    readonly measured: string;
    readonly file: string;
  }[],
): Markup {
  return numbersTable(
    "their files",
    ["run", "measured", "file"],
    rows.map(({ run, measured, file }) => [run.label, measured, fileIn(run, file)]),
    null,
  );
}

/** Says which logs hold the numbers of a table by epoch: each line of them is an event of training, with its epoch. */
export function loggedIn(runs: readonly ShownRun[]): Markup {
  return html`<p class="explain">From ${runs.map((run, i) => html`${i > 0 && ", "}${fileIn(run, eventLog)}`)}.</p>`;
}

/** The path of a run's file, as the reader can open it from where the report was written. */
export function fileIn({ record }: ShownRun, file: string): Markup {
  return html`<code>${record.folder.replace(/\/+$/, "")}/${file}</code>`;
}

/** Charts beside each other; where the page is narrower than they can be read at, they are scrolled together. */
export function panels(charts: readonly Markup[], kind: "two" | "three" = "two"): Markup {
  return html`<div class="panels ${kind}" tabindex="0" role="group" aria-label="charts">${charts}</div>`;
}

/** A run with the colour it has in every chart, and the name it has in every table. */
export interface ShownRun {
  readonly record: RunRecord;
  readonly label: string;
  readonly colour: string;
}

/**
 * Runs of one name (from different folders) are told apart by their folders. A method has the same colour on every data set; where one
 * data set has several runs of it, the first, the second and so on have one each.
 */
export function shownRuns(records: readonly RunRecord[]): ShownRun[] {
  const seen = new Map<string, number>();
  const colours = new Map<string, number>();
  return records.map((record, i) => {
    const twin = records.some((other, j) => j !== i && other.name === record.name);
    const method = String(setting(record.config, "method.name"));
    const place = `${dataSetOf(record)}/${method}`;
    const turn = seen.get(place) ?? 0;
    seen.set(place, turn + 1);
    const key = `${method}/${turn}`;
    const index = colours.get(key) ?? colours.size;
    colours.set(key, index);
    const label = twin ? `${record.name} (${record.folder})` : record.name;
    return { record, label, colour: runColour(index) };
  });
}

/** The data set that a run's figures are about. */
export function dataSetOf(record: RunRecord): string {
  const source = setting(record.config, "data.source");
  return (
    record.data?.name ?? record.stored[0]?.dataset ?? (typeof source === "string" ? source : "unnamed data")
  );
}

export function runName(run: ShownRun): Markup {
  return html`<span class="swatch" style="background:${run.colour}"></span>${run.label}`;
}
