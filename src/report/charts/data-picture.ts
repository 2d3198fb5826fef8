// Draws a data set in one picture: each class' name, its number of training images and some of them.
import {
  type ClassGroup,
  type ClassStrips,
  type ClassSummary,
  classGroupNames,
  type DatasetSummary,
} from "../../data/index.js";
import { coordinate, html, Markup } from "../markup.js";
import { compact, count, percent } from "../numbers.js";
import { classColour } from "../palette.js";
import { styleSheet } from "../styles.js";
import { chart, shorten } from "./drawing.js";
import { linearScale, logScale, type Scale } from "./scale.js";

/** What a picture of a data set shows. */
export interface DataPictureOptions {
  /** Of the bars. Default: linear, as long as the smallest class can be seen beside the largest. */
  readonly scale?: "linear" | "log";
}

/** Above this ratio the bar of the smallest class would be about a pixel. */
const largestLinearRatio = 150;

/** The shades of three ranks that are far apart. */
const groupColours: Readonly<Record<ClassGroup, string>> = {
  head: classColour(12, 100),
  body: classColour(50, 100),
  tail: classColour(88, 100),
};

interface Layout {
  readonly columns: number;
  readonly columnWidth: number;
  readonly row: number;
  readonly thumbnail: number;
  /** Images of a class. */
  readonly images: number;
  readonly nameWidth: number;
}

/** Between columns. */
const gap = 18;
/** Around the picture. */
const gutter = 28;
const headingHeight = 22;
const topHeight = 150;
const countWidth = 44;

/** As many columns as leave the rows readable. */
function layoutOf(classes: number): Layout {
  if (classes <= 24) {
    return { columns: 1, columnWidth: 1120, row: 40, thumbnail: 34, images: 12, nameWidth: 150 };
  }
  if (classes <= 120) {
    return { columns: 2, columnWidth: 551, row: 25, thumbnail: 22, images: 7, nameWidth: 116 };
  }
  return { columns: 3, columnWidth: 480, row: 25, thumbnail: 22, images: 6, nameWidth: 116 };
}

/** How many images of each class {@link dataPicture} has room for. */
export function imagesOfPicture(classes: number): number {
  return layoutOf(classes).images;
}

/**
 * One SVG file that needs nothing beside it. Classes are listed by size, the largest first.
 * @param pictures a strip of {@link imagesOfPicture} images for each class
 */
export function dataPicture(
  summary: DatasetSummary,
  pictures: ClassStrips,
  options: DataPictureOptions = {},
): string {
  const { classes } = summary;
  const layout = layoutOf(classes.length);
  const ranked = [...classes].sort((a, b) => trainedOn(b) - trainedOn(a) || a.id - b.id);
  const perColumn = Math.ceil(ranked.length / layout.columns);
  const columns = Array.from({ length: layout.columns }, (_, i) =>
    ranked.slice(i * perColumn, (i + 1) * perColumn),
  ).filter((column) => column.length > 0);
  const width = layout.columns * (layout.columnWidth + gap) - gap;
  const tallest = Math.max(...columns.map((column) => columnHeight(column, layout)));
  const height = topHeight + tallest + 12;
  const kind = options.scale ?? (summary.unbalancedRatio <= largestLinearRatio ? "linear" : "log");
  const drawn = chart(texts(summary, kind), { width, height }, [
    totals(summary, width),
    ...columns.map((column, i) =>
      drawColumn(column, i * (layout.columnWidth + gap), layout, kind, summary, pictures),
    ),
  ]);
  return `${html`<svg xmlns="http://www.w3.org/2000/svg" width="${width + 2 * gutter}" height="${height + 2 * gutter}" viewBox="${-gutter} ${-gutter} ${width + 2 * gutter} ${height + 2 * gutter}">
<style>${new Markup(styleSheet())}
svg{font-family:system-ui,"Liberation Sans",sans-serif}</style>
<rect x="${-gutter}" y="${-gutter}" width="100%" height="100%" style="fill:var(--paper)"/>
<svg width="${width}" height="${height}">${drawn}</svg>
</svg>`}\n`;
}

/** The images of a class that a run would train on. */
function trainedOn({ subset, train }: ClassSummary): number {
  return subset ?? train;
}

function texts(summary: DatasetSummary, kind: "linear" | "log") {
  const { name, synthetic, classes, trainImages, subsetImages, unbalancedRatio, width, height } = summary;
  const images =
    subsetImages === undefined
      ? `${count(trainImages)} training images`
      : `a subset of ${count(subsetImages)} of its ${count(trainImages)} training images`;
  const ratio = Number.isFinite(unbalancedRatio)
    ? `unbalanced ratio ${compact(unbalancedRatio)}, the largest class over the smallest`
    : "a class without images";
  const drawnBy = synthetic ? "synthetic images, drawn by a program; " : "";
  const smallest = Math.min(...classes.map(trainedOn));
  const largest = Math.max(...classes.map(trainedOn));
  return {
    id: "data",
    title: name,
    subtitle: `${drawnBy}${images} of ${width}×${height} pixels in ${classes.length} classes; ${ratio}`,
    description:
      `Bars for the training images of ${classes.length} classes, on a ${kind} scale, from ${largest} down to ${smallest}, ` +
      "each beside some of the class' images.",
  };
}

/** What head, body and tail hold together: a legend, and one bar in their shares. */
function totals({ classes }: DatasetSummary, width: number): Markup {
  const all = classes.reduce((total, entry) => total + trainedOn(entry), 0);
  const groups = classGroupNames
    .map((group) => {
      const members = classes.filter((entry) => entry.group === group);
      const images = members.reduce((total, entry) => total + trainedOn(entry), 0);
      return { group, members: members.length, images, share: all > 0 ? images / all : 0 };
    })
    .filter(({ members }) => members > 0);
  let from = 0;
  const parts = groups.map(({ group, share }) => {
    const x = from * width;
    from += share;
    return html`<rect x="${coordinate(x)}" y="70" width="${coordinate(share * width)}" height="14" style="fill:${groupColours[group]}"/>`;
  });
  const legend = groups.map(({ group, members, images, share }, i) => {
    const x = (i * width) / 3;
    const classesOf = members === 1 ? "1 class" : `${members} classes`;
    return html`<rect x="${coordinate(x)}" y="49" width="11" height="11" rx="3" style="fill:${groupColours[group]}"/><text class="label" x="${coordinate(x + 18)}" y="59"><tspan font-weight="650">${group}</tspan>: ${classesOf}, ${count(images)} images, ${percent(share)} %</text>`;
  });
  return html`<g>${legend}</g><g shape-rendering="crispEdges">${parts}</g>`;
}

/** Runs of rows of one group. */
function segments(column: readonly ClassSummary[]): ClassSummary[][] {
  const runs: ClassSummary[][] = [];
  for (const entry of column) {
    const last = runs.at(-1);
    if (last?.at(-1)?.group === entry.group) last.push(entry);
    else runs.push([entry]);
  }
  return runs;
}

function columnHeight(column: readonly ClassSummary[], { row }: Layout): number {
  return column.length * row + segments(column).length * headingHeight;
}

function drawColumn(
  column: readonly ClassSummary[],
  left: number,
  layout: Layout,
  kind: "linear" | "log",
  { classes }: DatasetSummary,
  pictures: ClassStrips,
): Markup {
  const { columnWidth, thumbnail, nameWidth } = layout;
  // Wide images are drawn lower, so that they leave the bars their room.
  const stripWidth = Math.min(
    (pictures.width * thumbnail) / pictures.height,
    layout.images * (thumbnail + 3),
  );
  const start = left + nameWidth;
  const end = left + columnWidth - stripWidth - countWidth;
  const scale = scaleOf(classes.map(trainedOn), [start, end], kind);
  const bottom = topHeight + columnHeight(column, layout);
  let top = topHeight;
  const body = segments(column).map((run) => {
    const heading = html`<text class="group-name" x="${left}" y="${top + 16}">${run[0]!.group}</text>`;
    top += headingHeight;
    const rows = run.map((entry) => {
      const drawn = drawRow(entry, { left, start, top, scale, stripWidth, end }, layout, pictures);
      top += layout.row;
      return drawn;
    });
    return html`${heading}${rows}`;
  });
  return html`<g>${axis(scale, kind, start, end, bottom)}${body}</g>`;
}

function scaleOf(counts: readonly number[], range: readonly [number, number], kind: "linear" | "log"): Scale {
  const positive = counts.filter((value) => value > 0);
  const largest = Math.max(1, ...positive);
  if (kind === "linear") return linearScale([0, largest], range, 4);
  // From below the smallest class, so that its bar is a bar.
  return logScale([Math.min(largest, ...positive) * 0.7, largest], range);
}

function axis(scale: Scale, kind: string, start: number, end: number, bottom: number): Markup {
  const ticks = scale.ticks.filter((tick) => tick === 0 || tick >= 1);
  return html`<g class="axis" aria-hidden="true"><text class="axis-name" x="${coordinate(start)}" y="${topHeight - 38}">training images of a class, ${kind === "log" ? "logarithmic" : "linear"} scale</text>${ticks.map(
    (tick) =>
      html`<line class="${tick === 0 ? "base" : "grid"}" x1="${coordinate(scale(tick))}" x2="${coordinate(scale(tick))}" y1="${topHeight - 8}" y2="${bottom}"/><text class="tick" x="${coordinate(scale(tick))}" y="${topHeight - 14}" text-anchor="middle">${count(tick)}</text>`,
  )}<line class="base" x1="${coordinate(start)}" x2="${coordinate(end)}" y1="${topHeight - 8}" y2="${topHeight - 8}"/></g>`;
}

interface Row {
  readonly left: number;
  readonly start: number;
  readonly top: number;
  readonly end: number;
  readonly scale: Scale;
  readonly stripWidth: number;
}

function drawRow(
  entry: ClassSummary,
  { left, start, top, end, scale, stripWidth }: Row,
  { row, nameWidth }: Layout,
  pictures: ClassStrips,
): Markup {
  const images = trainedOn(entry);
  const middle = top + row / 2;
  const thickness = row * 0.56;
  const length = images > 0 ? scale(images) - start : 0;
  const strip = pictures.strips[entry.id];
  const stripHeight = (stripWidth * pictures.height) / pictures.width;
  const whole = entry.subset === undefined ? "" : ` of ${entry.train}`;
  const aside = entry.validation ? `, ${entry.validation} for validation` : "";
  return html`<g><title>${entry.name}: ${images}${whole} training images${aside}, ${entry.test} test images, ${entry.group}</title><text class="label" x="${left}" y="${coordinate(middle + 4)}">${shorten(entry.name, Math.floor((nameWidth - 8) / 7.2))}</text><rect x="${coordinate(start)}" y="${coordinate(middle - thickness / 2)}" width="${coordinate(length)}" height="${coordinate(thickness)}" style="fill:${groupColours[entry.group]}"/><text class="tick" x="${coordinate(start + length + 6)}" y="${coordinate(middle + 4)}">${count(images)}</text>${
    strip &&
    html`<image x="${coordinate(end + countWidth)}" y="${coordinate(middle - stripHeight / 2)}" width="${coordinate(stripWidth)}" height="${coordinate(stripHeight)}" href="data:image/png;base64,${strip.toString("base64")}"/>`
  }</g>`;
}
