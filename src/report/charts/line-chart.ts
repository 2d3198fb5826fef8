// Draws quantities over epochs, or over another quantity, as lines, with values on hover and names at the lines' ends.

import { coordinate, html, type Markup } from "../markup.js";
import { type Box, bottomAxis, type ChartTexts, chart, shorten, valueAxis } from "./drawing.js";
import { spreadLabels } from "./label-layout.js";
import { epochTicks, linearScale, logScale, type Scale } from "./scale.js";

export interface Point {
  /** Epoch, from 1, or what `across` says. */
  readonly x: number;
  readonly y: number;
}

export interface LineSeries {
  readonly label: string;
  /** A CSS colour. */
  readonly colour: string;
  readonly dash?: "solid" | "dashed" | "dotted";
  readonly points: readonly Point[];
  /** A point to ring, and why. */
  readonly mark?: { readonly point: Point; readonly reason: string } | undefined;
  /** Written at the line's end. Default: nothing. */
  readonly endLabel?: string;
}

export interface LineChart extends ChartTexts {
  readonly series: readonly LineSeries[];
  readonly format: (value: number) => string;
  /** `zero` starts the axis there (accuracies, losses); `log` for quantities over decades; `data` fits the values. */
  readonly axis: "zero" | "log" | "data";
  /** The last epoch on the axis; by default the last one that has a point. */
  readonly epochs?: number;
  readonly width?: number;
  readonly height?: number;
  /** The axis reaches at least this value. */
  readonly atLeast?: number;
  /** A value to compare with, drawn as a thin line. */
  readonly reference?: { readonly value: number; readonly label: string };
  /** What the bottom axis is where it does not count epochs; `name` writes a value of it in a sentence. */
  readonly across?: {
    readonly kind: "linear" | "log";
    readonly label: string;
    readonly name: (x: number) => string;
  };
  /** Steps hold their value until the next epoch: for schedules. */
  readonly steps?: boolean;
}

const dashes = { solid: "", dashed: "7 4", dotted: "1.5 4" } as const;
/** With more points than this, dots would hide the line. */
const mostDots = 40;
/** With more points than this, hovering shows the line's name alone; the table has the numbers. */
const mostHovered = 2000;

/** The chart as an SVG element. Values that are not finite leave a gap in their line. */
export function lineChart(spec: LineChart): Markup {
  const { width = 560, height = 320 } = spec;
  const labelled = spec.series.some((s) => s.endLabel);
  const box: Box = {
    width,
    height,
    left: 44,
    right: width - (labelled ? 104 : 14),
    top: 46,
    bottom: height - 42,
  };
  const { x, ticks, label, name } = spec.across ? otherAxis(spec, box) : epochAxis(spec, box);
  const y = valueScale(spec, box);
  const drawable = (p: Point) => Number.isFinite(p.y) && (spec.axis !== "log" || p.y > 0);
  const hovered = spec.series.reduce((sum, s) => sum + s.points.length, 0) <= mostHovered;
  return chart(spec, box, [
    valueAxis(box, y, spec.format),
    bottomAxis(box, x, ticks, label),
    referenceLine(spec, box, y),
    ...spec.series.map((s) => line(s, x, y, drawable, spec.steps ?? false)),
    ...spec.series.map((s) => dots(s, x, y, drawable, spec.format, hovered, name)),
    endLabels(spec.series, box, x, y, drawable),
  ]);
}

interface BottomAxis {
  readonly x: (value: number) => number;
  readonly ticks: readonly number[];
  readonly label: string;
  readonly name: (x: number) => string;
}

function epochAxis(spec: LineChart, box: Box): BottomAxis {
  const last = spec.epochs ?? Math.max(1, ...spec.series.flatMap((s) => s.points.map((p) => p.x)));
  const x = (epoch: number) =>
    last <= 1
      ? (box.left + box.right) / 2
      : box.left + 4 + ((epoch - 1) / (last - 1)) * (box.right - box.left - 8);
  return { x, ticks: epochTicks(last), label: "epoch", name: (epoch) => `epoch ${epoch}` };
}

function otherAxis(spec: LineChart, box: Box): BottomAxis {
  const { kind, label, name } = spec.across!;
  const values = spec.series.flatMap((s) => s.points.map((p) => p.x));
  const domain = [Math.min(...values), Math.max(...values)] as const;
  const range = [box.left + 4, box.right - 4] as const;
  const x = kind === "log" ? logScale(domain, range) : linearScale(domain, range);
  return { x, ticks: x.ticks, label, name };
}

function valueScale(spec: LineChart, box: Box): Scale {
  const values = spec.series.flatMap((s) => s.points.map((p) => p.y)).filter(Number.isFinite);
  if (spec.reference) values.push(spec.reference.value);
  if (spec.atLeast !== undefined) values.push(spec.atLeast);
  const range = [box.bottom, box.top] as const;
  if (spec.axis === "log") {
    const positive = values.filter((v) => v > 0);
    return positive.length > 0
      ? logScale([Math.min(...positive), Math.max(...positive)], range)
      : linearScale([0, 1], range);
  }
  if (values.length === 0) return linearScale([0, 1], range);
  const high = Math.max(...values);
  return linearScale(
    spec.axis === "zero" ? [Math.min(0, ...values), high || 1] : [Math.min(...values), high],
    range,
  );
}

function referenceLine(spec: LineChart, box: Box, y: Scale): Markup {
  if (!spec.reference) return html``;
  const at = coordinate(y(spec.reference.value));
  return html`<line class="reference" x1="${box.left}" x2="${box.right}" y1="${at}" y2="${at}"/><text class="note" x="${box.right - 2}" y="${coordinate(y(spec.reference.value) - 5)}" text-anchor="end">${spec.reference.label}</text>`;
}

function line(
  series: LineSeries,
  x: (epoch: number) => number,
  y: Scale,
  drawable: (p: Point) => boolean,
  steps: boolean,
): Markup {
  let path = "";
  let pen = false;
  for (const point of series.points) {
    if (!drawable(point)) {
      pen = false;
      continue;
    }
    const [px, py] = [coordinate(x(point.x)), coordinate(y(point.y))];
    path += pen ? (steps ? `H${px}V${py}` : `L${px} ${py}`) : `M${px} ${py}`;
    pen = true;
  }
  if (path === "") return html``;
  const dash = dashes[series.dash ?? "solid"];
  return html`<path class="line" style="stroke:${series.colour}" d="${path}"${dash === "" ? null : html` stroke-dasharray="${dash}"`}><title>${series.label}</title></path>`;
}

function dots(
  series: LineSeries,
  x: (epoch: number) => number,
  y: Scale,
  drawable: (p: Point) => boolean,
  format: (value: number) => string,
  hovered: boolean,
  name: (x: number) => string,
): Markup {
  const points = hovered ? series.points.filter(drawable) : [];
  const visible = points.length === 1 || (points.length <= mostDots && series.dash !== "dotted");
  const mark = series.mark && drawable(series.mark.point) ? series.mark : undefined;
  return html`<g style="fill:${series.colour};stroke:${series.colour}">${points.map((p) => {
    const place = html`cx="${coordinate(x(p.x))}" cy="${coordinate(y(p.y))}"`;
    const title = html`<title>${series.label}, ${name(p.x)}: ${format(p.y)}</title>`;
    return html`<g class="point">${visible && html`<circle class="dot" ${place} r="2.2"/>`}<circle class="hit" ${place} r="7">${title}</circle></g>`;
  })}${
    mark &&
    html`<circle class="ring" cx="${coordinate(x(mark.point.x))}" cy="${coordinate(y(mark.point.y))}" r="6.5"><title>${series.label}: ${mark.reason}, ${name(mark.point.x)}, ${format(mark.point.y)}</title></circle>`
  }</g>`;
}

function endLabels(
  series: readonly LineSeries[],
  box: Box,
  x: (epoch: number) => number,
  y: Scale,
  drawable: (p: Point) => boolean,
): Markup {
  const ends = series.flatMap((s) => {
    const end = s.points.findLast(drawable);
    return s.endLabel && end ? [{ text: s.endLabel, colour: s.colour, from: x(end.x), at: y(end.y) }] : [];
  });
  const gap = Math.min(13, (box.bottom - box.top) / Math.max(1, ends.length - 1));
  const places = spreadLabels(
    ends.map((e) => e.at),
    gap,
    box.top,
    box.bottom,
  );
  return html`<g class="labels" aria-hidden="true">${ends.map((end, i) => {
    const to = coordinate(places[i]!);
    return html`<path class="leader" style="stroke:${end.colour}" d="M${coordinate(end.from + 4)} ${coordinate(end.at)}L${coordinate(end.from + 14)} ${to}"/><text class="label" x="${coordinate(end.from + 18)}" y="${coordinate(places[i]! + 4)}">${shorten(end.text, 14)}</text>`;
  })}</g>`;
}
