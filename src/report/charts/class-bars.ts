// Draws each class' clean and robust accuracy, run beside run (the kind of the paper's figure of per-class accuracy).

import { coordinate, html, type Markup } from "../markup.js";
import { count, percent } from "../numbers.js";
import { type Box, type ChartTexts, chart, shorten, valueAxis } from "./drawing.js";
import { linearScale, type Scale } from "./scale.js";

export interface ClassColumn {
  readonly name: string;
  /** Training images, null where the run does not say. */
  readonly images: number | null;
  readonly group: string | null;
}

export interface ClassBarSeries {
  readonly label: string;
  readonly colour: string;
  /** Accuracies 0 to 1 in the order of the columns; null where a class has no image. */
  readonly clean: readonly (number | null)[];
  readonly robust: readonly (number | null)[];
}

export interface ClassBars extends ChartTexts {
  readonly columns: readonly ClassColumn[];
  readonly series: readonly ClassBarSeries[];
  readonly attack: string;
}

/** Above this many classes the names are left to the hover texts and the table. */
const mostNames = 24;

/** The chart as an SVG element: clean accuracy pale, robust accuracy solid in front of it. */
export function classBars(spec: ClassBars): Markup {
  const named = spec.columns.length <= mostNames;
  const slanted = named && spec.columns.some((c) => c.name.length > 1060 / spec.columns.length / 6.6);
  const width = 1120;
  const height = 400 + (slanted ? 44 : 0);
  const box: Box = {
    width,
    height,
    left: 44,
    right: width - 4,
    top: 66,
    bottom: height - (slanted ? 104 : 58),
  };
  const y = linearScale([0, 1], [box.bottom, box.top], 5);
  const band = (box.right - box.left) / spec.columns.length;
  return chart(spec, box, [
    groupBands(spec.columns, box, band),
    valueAxis(box, y, (v) => percent(v, 0)),
    ...spec.columns.map((column, k) => bars(spec, column, k, box, band, y)),
    html`<g class="axis" aria-hidden="true">${named ? spec.columns.map((c, k) => name(c, box.left + (k + 0.5) * band, box, slanted, band)) : rankAxis(spec.columns, box, band)}</g>`,
  ]);
}

function bars(spec: ClassBars, column: ClassColumn, k: number, box: Box, band: number, y: Scale): Markup {
  const gap = band > 12 ? 2 : 0;
  const padding = band > 12 ? band * 0.14 : band * 0.08;
  const width = (band - 2 * padding - gap * (spec.series.length - 1)) / spec.series.length;
  return html`<g>${spec.series.map((s, i) => {
    const x = box.left + k * band + padding + i * (width + gap);
    const [clean, robust] = [s.clean[k] ?? null, s.robust[k] ?? null];
    const bar = (value: number | null, kind: string) =>
      value !== null &&
      html`<rect class="${kind}" x="${coordinate(x)}" y="${coordinate(y(value))}" width="${coordinate(width)}" height="${coordinate(Math.max(0, box.bottom - y(value)))}"/>`;
    const cap =
      clean !== null &&
      html`<line class="cap" x1="${coordinate(x)}" x2="${coordinate(x + width)}" y1="${coordinate(y(clean))}" y2="${coordinate(y(clean))}"/>`;
    const value = robust !== null && width >= 22 && inside(robust, x + width / 2, y, box);
    return html`<g style="fill:${s.colour};stroke:${s.colour}"><title>${column.name}, ${s.label}: clean ${percent(clean)} %, ${spec.attack} ${percent(robust)} %</title>${bar(clean, "clean")}${bar(robust, "robust")}${cap}${value}</g>`;
  })}</g>`;
}

/** The robust accuracy as a number, in its bar where it is tall enough, above it where not. */
function inside(value: number, x: number, y: Scale, box: Box): Markup {
  const tall = box.bottom - y(value) >= 20;
  return html`<text class="${tall ? "in-bar" : "on-bar"}" x="${coordinate(x)}" y="${coordinate(tall ? y(value) + 14 : y(value) - 5)}" text-anchor="middle">${percent(value, 0)}</text>`;
}

function name(column: ClassColumn, x: number, box: Box, slanted: boolean, band: number): Markup {
  const images = column.images === null ? null : count(column.images);
  if (slanted) {
    const text = shorten(column.name, 18);
    return html`<text class="label" transform="translate(${coordinate(x + 4)} ${box.bottom + 16}) rotate(-35)" text-anchor="end">${text}${images !== null && html`<tspan class="tick"> ${images}</tspan>`}</text>`;
  }
  return html`<text class="label" x="${coordinate(x)}" y="${box.bottom + 18}" text-anchor="middle">${shorten(column.name, Math.max(4, Math.floor(band / 6.4)))}</text>${images !== null && html`<text class="tick" x="${coordinate(x)}" y="${box.bottom + 35}" text-anchor="middle">${images}</text>`}`;
}

/** Many classes: their rank by training images, and how many the first, middle and last have. */
function rankAxis(columns: readonly ClassColumn[], box: Box, band: number): Markup {
  const last = columns.length - 1;
  const shown = [...new Set([0, 0.25, 0.5, 0.75, 1].map((at) => Math.round(at * last)))];
  return html`${shown.map((k) => {
    const x = coordinate(box.left + (k + 0.5) * band);
    const anchor = k === 0 ? "start" : k === last ? "end" : "middle";
    const images = columns[k]!.images;
    return html`<line class="base" x1="${x}" x2="${x}" y1="${box.bottom}" y2="${box.bottom + 4}"/><text class="label" x="${x}" y="${box.bottom + 18}" text-anchor="${anchor}">${shorten(columns[k]!.name, 16)}</text>${images !== null && html`<text class="tick" x="${x}" y="${box.bottom + 35}" text-anchor="${anchor}">${count(images)}</text>`}`;
  })}`;
}

/** Names head, body and tail above their classes; every other group has a tinted ground. */
function groupBands(columns: readonly ClassColumn[], box: Box, band: number): Markup {
  const runs: { group: string; from: number; to: number }[] = [];
  columns.forEach((column, k) => {
    if (column.group === null) return;
    const last = runs.at(-1);
    if (last?.group === column.group && last.to === k) last.to = k + 1;
    else runs.push({ group: column.group, from: k, to: k + 1 });
  });
  return html`<g aria-hidden="true">${runs.map((run, i) => {
    const x = box.left + run.from * band;
    const width = (run.to - run.from) * band;
    return html`<rect class="${i % 2 === 0 ? "ground" : "ground-plain"}" x="${coordinate(x)}" y="${box.top - 22}" width="${coordinate(width)}" height="${box.bottom - box.top + 22}"/><text class="group-name" x="${coordinate(x + width / 2)}" y="${box.top - 8}" text-anchor="middle">${run.group}</text>`;
  })}</g>`;
}
