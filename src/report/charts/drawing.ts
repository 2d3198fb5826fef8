// Parts of every chart: the SVG element with its title and description, axes, text.
import { coordinate, html, type Markup } from "../markup.js";
import type { Scale } from "./scale.js";

/** What a chart says about itself; `title` and `unit` are drawn, `description` is for screen readers. */
export interface ChartTexts {
  /** Unique in the page: ids of the title and the description are made from it. */
  readonly id: string;
  readonly title: string;
  /** The quantity and its unit, drawn under the title. */
  readonly subtitle: string;
  readonly description: string;
}

export interface Box {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** The SVG element: scales with its column, named and described for screen readers. */
export function chart(
  texts: ChartTexts,
  box: Pick<Box, "width" | "height">,
  body: readonly Markup[],
): Markup {
  return html`<svg class="chart" viewBox="0 0 ${box.width} ${box.height}" role="img" aria-labelledby="${texts.id}-title ${texts.id}-desc">
<title id="${texts.id}-title">${texts.title}: ${texts.subtitle}</title>
<desc id="${texts.id}-desc">${texts.description}</desc>
<text class="chart-title" x="0" y="14">${texts.title}</text>
<text class="chart-subtitle" x="0" y="31">${texts.subtitle}</text>
${body}
</svg>`;
}

/** Horizontal grid lines with their values at the left; the line at zero is drawn stronger. */
export function valueAxis(box: Box, y: Scale, format: (value: number) => string): Markup {
  return html`<g class="axis" aria-hidden="true">${y.ticks.map(
    (tick) =>
      html`<line class="${tick === 0 ? "base" : "grid"}" x1="${box.left}" x2="${box.right}" y1="${coordinate(y(tick))}" y2="${coordinate(y(tick))}"/><text class="tick" x="${box.left - 7}" y="${coordinate(y(tick) + 4)}" text-anchor="end">${format(tick)}</text>`,
  )}</g>`;
}

/** Ticks and values along the bottom, and the axis' name below them. */
export function bottomAxis(
  box: Box,
  x: (value: number) => number,
  ticks: readonly number[],
  label: string,
): Markup {
  return html`<g class="axis" aria-hidden="true">${ticks.map(
    (tick) =>
      html`<line class="base" x1="${coordinate(x(tick))}" x2="${coordinate(x(tick))}" y1="${box.bottom}" y2="${box.bottom + 4}"/><text class="tick" x="${coordinate(x(tick))}" y="${box.bottom + 17}" text-anchor="middle">${tick}</text>`,
  )}<text class="axis-name" x="${(box.left + box.right) / 2}" y="${box.bottom + 33}" text-anchor="middle">${label}</text></g>`;
}

/** Cuts text to about `limit` characters; the whole of it belongs in a title element or a table. */
export function shorten(text: string, limit: number): string {
  const characters = [...text];
  return characters.length <= limit ? text : `${characters.slice(0, limit - 1).join("")}…`;
}
