// Draws the loss around one image as a map: up along the gradient, sideways along a random direction.

import { coordinate, html, type Markup } from "../markup.js";
import { classColour } from "../palette.js";
import { type Box, type ChartTexts, chart } from "./drawing.js";

export interface LossSurfaceMap extends ChartTexts {
  /** Offsets of rows and columns alike, in units of epsilon. */
  readonly offsets: readonly number[];
  /** losses[row][column]; rows go along the gradient. */
  readonly losses: readonly (readonly number[])[];
  readonly format: (value: number) => string;
}

/** Shades between the lowest and the highest loss. */
const shades = 64;

/** The map as an SVG element: bright where the loss is high; the frame is the ball's edge, the cross the image. */
export function lossSurfaceMap(spec: LossSurfaceMap): Markup {
  const box: Box = { width: 300, height: 330, left: 40, right: 280, top: 46, bottom: 286 };
  const { offsets, losses } = spec;
  const values = losses.flat().filter(Number.isFinite);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const cell = (box.right - box.left) / offsets.length;
  const [first, last] = [offsets[0]!, offsets.at(-1)!];
  const along = (offset: number) =>
    ((offset - first) / (last - first)) * (box.right - box.left - cell) + cell / 2;
  const x = (offset: number) => box.left + along(offset);
  const y = (offset: number) => box.bottom - along(offset);
  const colour = (value: number) => {
    const share = high > low ? (value - low) / (high - low) : 0;
    return classColour(Math.round(share * (shades - 1)), shades);
  };
  const cells = losses.flatMap((row, i) =>
    row.map(
      (value, j) =>
        html`<rect x="${coordinate(x(offsets[j]!) - cell / 2)}" y="${coordinate(y(offsets[i]!) - cell / 2)}" width="${coordinate(cell + 0.4)}" height="${coordinate(cell + 0.4)}" style="fill:${colour(value)}"/>`,
    ),
  );
  const ticks = [-1, 0, 1].filter((tick) => tick >= first && tick <= last);
  return chart(spec, box, [
    html`<g shape-rendering="crispEdges">${cells}</g>`,
    html`<rect x="${coordinate(x(-1))}" y="${coordinate(y(1))}" width="${coordinate(x(1) - x(-1))}" height="${coordinate(y(-1) - y(1))}" style="fill:none;stroke:#fff;stroke-width:1.5" stroke-dasharray="4 3"/>`,
    html`<path d="M${coordinate(x(0) - 5)} ${coordinate(y(0))}h10M${coordinate(x(0))} ${coordinate(y(0) - 5)}v10" style="stroke:#fff;stroke-width:1.5"/>`,
    html`<g class="axis" aria-hidden="true">${ticks.map(
      (tick) =>
        html`<text class="tick" x="${coordinate(x(tick))}" y="${box.bottom + 16}" text-anchor="middle">${edge(tick)}</text><text class="tick" x="${box.left - 6}" y="${coordinate(y(tick) + 4)}" text-anchor="end">${edge(tick)}</text>`,
    )}<text class="axis-name" x="${(box.left + box.right) / 2}" y="${box.bottom + 33}" text-anchor="middle">random direction; upwards the gradient</text></g>`,
    html`<text class="note" x="${box.right}" y="31" text-anchor="end">${spec.format(low)} to ${spec.format(high)}</text>`,
  ]);
}

function edge(tick: number): string {
  return tick === 0 ? "0" : tick < 0 ? "−ε" : "ε";
}
