// Draws, epoch by epoch, how predictions divide among the classes, beside the shares they can be compared with.

import { coordinate, html, type Markup } from "../markup.js";
import { percent } from "../numbers.js";
import { classColour } from "../palette.js";
import { type Box, bottomAxis, type ChartTexts, chart, shorten, valueAxis } from "./drawing.js";
import { spreadLabels } from "./label-layout.js";
import { epochTicks, linearScale, type Scale } from "./scale.js";

export interface ShareChart extends ChartTexts {
  /** Names in the order they are stacked, the first at the bottom. */
  readonly classes: readonly string[];
  /** One column for each epoch: counts or shares in the order of `classes`. */
  readonly columns: readonly { readonly epoch: number; readonly counts: readonly number[] }[];
  /** What to compare with, at the left: for instance the training set's class sizes. */
  readonly reference: { readonly label: string; readonly counts: readonly number[] } | null;
  readonly epochs?: number;
  readonly width?: number;
  readonly height?: number;
}

/** Above this many classes not every one can be named at the side. */
const mostNames = 20;

/** The chart as an SVG element: stacked shares of 100 %, the largest training class at the bottom. */
export function shareChart(spec: ShareChart): Markup {
  const { width = 560, height = 340 } = spec;
  const box: Box = { width, height, left: 44, right: width - 104, top: 46, bottom: height - 42 };
  const y = linearScale([0, 1], [box.bottom, box.top], 5);
  const referenceWidth = spec.reference ? 42 : 0;
  const from = box.left + (spec.reference ? referenceWidth + 22 : 4);
  const last = spec.epochs ?? Math.max(1, ...spec.columns.map((c) => c.epoch));
  const band = (box.right - from) / last;
  const x = (epoch: number) => from + (epoch - 0.5) * band;
  const stacks = spec.columns.map((c) => ({ epoch: c.epoch, edges: cumulate(c.counts) }));
  const gap = band >= 7 ? 1 : 0;
  // Evaluations may lie epochs apart: a column then reaches back to the one before it.
  const columns = stacks.map((s, i) => {
    const start = from + (i === 0 ? Math.max(0, s.epoch - reach(stacks)) : stacks[i - 1]!.epoch) * band;
    return { ...s, start, width: from + s.epoch * band - start - gap };
  });
  const referenceEdges = spec.reference && cumulate(spec.reference.counts);
  return chart(spec, box, [
    valueAxis({ ...box, right: box.left }, y, (v) => percent(v, 0)),
    html`<g class="${spec.classes.length <= mostNames ? "shares parted" : "shares"}">${spec.classes.map(
      (name, k) => {
        const blocks = columns.map((c) => block(c.start, c.width, c.edges, k, y)).join("");
        const first = stacks[0];
        const end = stacks.at(-1);
        const hover =
          first && end
            ? `${name}: ${percent(share(first.edges, k))} % in epoch ${first.epoch}, ${percent(share(end.edges, k))} % in epoch ${end.epoch}`
            : name;
        const compared = referenceEdges
          ? `; ${spec.reference!.label}: ${percent(share(referenceEdges, k))} %`
          : "";
        const path =
          (referenceEdges ? block(box.left + 4, referenceWidth, referenceEdges, k, y) : "") + blocks;
        const colour = classColour(k, spec.classes.length);
        // Where there are no lines between the classes, a stroke in their own colour closes the gaps that anti-aliasing leaves.
        return html`<path style="fill:${colour}${spec.classes.length > mostNames && `;stroke:${colour}`}" d="${path}"><title>${hover}${compared}</title></path>`;
      },
    )}</g>`,
    spec.reference
      ? html`<text class="tick" x="${box.left + 4 + referenceWidth / 2}" y="${box.bottom + 17}" text-anchor="middle" aria-hidden="true">${spec.reference.label}</text>`
      : html``,
    bottomAxis({ ...box, left: from }, x, epochTicks(last), "epoch"),
    names(spec, stacks.at(-1)?.edges, { ...box, right: from + (stacks.at(-1)?.epoch ?? last) * band }, y),
  ]);
}

function reach(stacks: readonly { epoch: number }[]): number {
  return stacks.length > 1 ? stacks[1]!.epoch - stacks[0]!.epoch : 1;
}

function cumulate(counts: readonly number[]): number[] {
  const total = counts.reduce((a, b) => a + b, 0) || 1;
  const edges = [0];
  for (const n of counts) edges.push(edges.at(-1)! + n / total);
  return edges;
}

function share(edges: readonly number[], k: number): number {
  return edges[k + 1]! - edges[k]!;
}

function block(x: number, width: number, edges: readonly number[], k: number, y: Scale): string {
  const [low, high] = [y(edges[k]!), y(edges[k + 1]!)];
  if (low - high < 0.005) return "";
  return `M${coordinate(x)} ${coordinate(low)}V${coordinate(high)}h${coordinate(width)}V${coordinate(low)}z`;
}

function names(spec: ShareChart, edges: readonly number[] | undefined, box: Box, y: Scale): Markup {
  if (!edges) return html``;
  const named = namedRanks(spec.classes.length);
  const shown = spec.classes.flatMap((text, k) =>
    named.has(k) ? [{ text, k, at: y((edges[k]! + edges[k + 1]!) / 2) }] : [],
  );
  const places = spreadLabels(
    shown.map((s) => -s.at),
    13,
    -box.bottom + 2,
    -box.top - 4,
  ).map((at) => -at);
  return html`<g class="labels" aria-hidden="true">${shown.map((s, i) => {
    const to = coordinate(places[i]!);
    return html`<path class="leader" style="stroke:${classColour(s.k, spec.classes.length)}" d="M${box.right + 1} ${coordinate(s.at)}L${box.right + 10} ${to}"/><text class="label" x="${box.right + 14}" y="${coordinate(places[i]! + 4)}">${shorten(s.text, 14)}</text>`;
  })}</g>`;
}

/** The ranks to name at the side of a chart: all, or of many the ends and quarters. */
export function namedRanks(classes: number): ReadonlySet<number> {
  if (classes <= mostNames) return new Set(Array.from({ length: classes }, (_, k) => k));
  return new Set([0, 0.25, 0.5, 0.75, 1].map((at) => Math.round(at * (classes - 1))));
}
