// Draws by how much runs differ from a first one in each class: bars up where they are better, down where they are worse.
import { coordinate, html, type Markup } from "../markup.js";
import { points } from "../numbers.js";
import { type Box, type ChartTexts, chart, shorten, valueAxis } from "./drawing.js";
import { linearScale } from "./scale.js";

export interface DifferenceBars extends ChartTexts {
  readonly columns: readonly string[];
  readonly series: readonly {
    readonly label: string;
    readonly colour: string;
    /** Fractions in the order of the columns; null where one of both is not known. */
    readonly differences: readonly (number | null)[];
  }[];
}

/** Above this many classes the names are left to the hover texts and the table. */
const mostNames = 24;

/** The chart as an SVG element. */
export function differenceBars(spec: DifferenceBars): Markup {
  const slanted =
    spec.columns.length <= mostNames &&
    spec.columns.some((name) => name.length > 1060 / spec.columns.length / 6.6);
  const [width, height] = [1120, slanted ? 350 : 310];
  const box: Box = {
    width,
    height,
    left: 52,
    right: width - 4,
    top: 48,
    bottom: height - (slanted ? 84 : 34),
  };
  const values = spec.series.flatMap((s) => s.differences).filter((v) => v !== null);
  const reach = Math.max(0.02, ...values.map(Math.abs));
  const y = linearScale([-reach, reach], [box.bottom, box.top], 6);
  const band = (box.right - box.left) / spec.columns.length;
  const own = (band * 0.76) / spec.series.length;
  return chart(spec, box, [
    valueAxis(box, y, points),
    ...spec.series.map(
      (series, i) =>
        html`<g style="fill:${series.colour}">${series.differences.map((value, k) => {
          if (value === null) return false;
          const x = box.left + k * band + band * 0.12 + i * own;
          const [top, bottom] = [Math.min(y(value), y(0)), Math.max(y(value), y(0))];
          return html`<rect class="robust" x="${coordinate(x)}" y="${coordinate(top)}" width="${coordinate(Math.max(0.5, own - 1.5))}" height="${coordinate(Math.max(0.5, bottom - top))}"><title>${spec.columns[k]}, ${series.label}: ${points(value)} points</title></rect>`;
        })}</g>`,
    ),
    html`<g class="axis" aria-hidden="true">${
      spec.columns.length <= mostNames &&
      spec.columns.map((name, k) => {
        const x = box.left + (k + 0.5) * band;
        return slanted
          ? html`<text class="label" transform="translate(${coordinate(x + 4)} ${box.bottom + 18}) rotate(-35)" text-anchor="end">${shorten(name, 18)}</text>`
          : html`<text class="label" x="${coordinate(x)}" y="${box.bottom + 20}" text-anchor="middle">${name}</text>`;
      })
    }</g>`,
  ]);
}
