// Draws points of a plane in the colours of their classes: a map of features.
import { coordinate, html, type Markup } from "../markup.js";
import { classColour } from "../palette.js";
import { type ChartTexts, chart, shorten } from "./drawing.js";

export interface ScatterMap extends ChartTexts {
  /** Names in the order of the colours. */
  readonly classes: readonly string[];
  /** Places, and which of `classes` each belongs to. */
  readonly points: readonly { readonly x: number; readonly y: number; readonly rank: number }[];
}

/** Above this many classes their names are left to the hover texts. */
const mostNames = 12;

/** The chart as an SVG element. Both axes have one scale, and no values: distances on a map have no unit. */
export function scatterMap(spec: ScatterMap): Markup {
  const side = 400;
  const [top, names] = [44, spec.classes.length <= mostNames ? 104 : 0];
  const box = { width: side + names, height: side + top };
  const across = (pick: (point: ScatterMap["points"][number]) => number) => {
    const values = spec.points.map(pick);
    return [Math.min(...values), Math.max(...values)] as const;
  };
  const [[left, right], [low, high]] = [across(({ x }) => x), across(({ y }) => y)];
  const scale = (side - 20) / Math.max(right - left, high - low, 1e-9);
  const place = (value: number, from: number, to: number) => side / 2 + (value - (from + to) / 2) * scale;
  const dots = spec.classes.map((name, rank) => {
    const own = spec.points.filter((point) => point.rank === rank);
    const colour = classColour(rank, spec.classes.length);
    return html`<g style="fill:${colour}" fill-opacity="0.75"><title>${name}: ${own.length} images</title>${own.map(
      ({ x, y }) =>
        html`<circle cx="${coordinate(place(x, left, right))}" cy="${coordinate(top + place(y, low, high))}" r="2.4"/>`,
    )}</g>`;
  });
  const key =
    names > 0 &&
    html`<g class="labels" aria-hidden="true">${spec.classes.map(
      (name, rank) =>
        html`<circle cx="${side + 10}" cy="${top + 20 + 16 * rank}" r="4" style="fill:${classColour(rank, spec.classes.length)}"/><text class="label" x="${side + 20}" y="${top + 24 + 16 * rank}">${shorten(name, 13)}</text>`,
    )}</g>`;
  return chart(spec, box, [...dots, ...(key ? [key] : [])]);
}
