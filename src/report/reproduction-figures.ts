// The figures on a reproduction's page: drawn, and held against what the paper's text says.
import type { CheckedClaim, ReproducedFigure, ReproducedFigureRow } from "../experiments/index.js";
import { classBars, lineChart, scatterMap, shareChart } from "./charts/index.js";
import { html, type Markup } from "./markup.js";
import { percent } from "./numbers.js";
import { runColour } from "./palette.js";
import { panels } from "./sections/index.js";

/** A figure with its charts, claims and numbers. */
export function figureSection(figure: ReproducedFigure): Markup {
  const id = `figure-${figure.figure}`;
  const done = figure.rows.filter(({ seedsDone }) => seedsDone.length > 0);
  const missing = figure.rows.filter(({ seedsDone }) => seedsDone.length === 0);
  const charts = done.length === 0 ? [] : figure.kinds.flatMap((kind) => chartsOf[kind](figure, done, id));
  const bars = figure.kinds.includes("classes") ? classChart(figure, done, id) : false;
  return html`<section aria-labelledby="${id}"><h2 id="${id}">Figure ${figure.figure}</h2><p class="explain">${figure.title}. <strong>The paper’s text:</strong> ${figure.text}</p>
${missing.length > 0 && html`<p class="notice">Nothing has been trained yet of: ${missing.map(({ row }) => row).join(", ")}.</p>`}
${charts.length > 0 && html`<figure>${panels(charts)}</figure>`}
${bars && html`<figure><div class="wide" tabindex="0" role="group" aria-label="chart">${bars}</div></figure>`}
${claimsTable(figure.claims)}</section>`;
}

function claimsTable(claims: readonly CheckedClaim[]): Markup {
  return html`<div class="scroll" tabindex="0"><table><caption>What the text says, measured; paired differences ± standard error over seeds</caption><thead><tr><th scope="col" style="text-align:left">measured</th><th scope="col">the text</th><th scope="col">so it is</th></tr></thead><tbody>${claims.map(
    ({ sentence, expected, agreement }) =>
      html`<tr><th scope="row">${sentence}</th><td>${expected}</td><td>${agreement}</td></tr>`,
  )}</tbody></table></div>`;
}

type Draw = (figure: ReproducedFigure, rows: readonly ReproducedFigureRow[], id: string) => Markup[];

/** Class ids, the largest training class first. */
function ranked({ rows }: ReproducedFigure): number[] {
  const uneven = rows.find(({ trainCounts }) => new Set(trainCounts).size > 1) ?? rows[0];
  const counts = uneven?.trainCounts ?? [];
  return counts.map((_, k) => k).sort((a, b) => counts[b]! - counts[a]! || a - b);
}

const predictions: Draw = (figure, rows, id) => {
  const order = ranked(figure);
  const inOrder = (counts: readonly number[]) => order.map((k) => counts[k] ?? 0);
  return rows.map((row, i) =>
    shareChart({
      ...{ id: `${id}-predictions-${i}`, title: row.row },
      subtitle: "classes that training examples are taken for, %",
      description: `Share of each class among the predictions of ${row.row}'s training examples, by epoch.`,
      classes: order.map((k) => figure.classNames[k] ?? `class ${k}`),
      columns: row.predictions.map(({ epoch, counts }) => ({ epoch, counts: inOrder(counts) })),
      reference: { label: "training", counts: inOrder(row.trainCounts) },
    }),
  );
};

const distances: Draw = (_, rows, id) =>
  (["tail", "head"] as const).map((group) =>
    lineChart({
      ...{ id: `${id}-distances-${group}`, title: `Examples of ${group} classes` },
      subtitle: "mean distance to the epoch before, l2 in units of pixel values",
      description: `How far the examples of ${group} classes lie from those of the epoch before, by epoch, for each row.`,
      series: rows.map((row, i) => ({
        ...{ label: row.row, colour: runColour(i), endLabel: row.row },
        points: row.distances.map((at) => ({ x: at.epoch, y: at[group] })),
      })),
      ...{ format: (value) => value.toFixed(2), axis: "data" },
    }),
  );

const features: Draw = (figure, rows, id) => {
  const order = ranked(figure);
  const rankOf = new Map(order.map((k, rank) => [k, rank]));
  return rows.flatMap(({ row, map }, i) =>
    map
      ? [
          scatterMap({
            ...{ id: `${id}-features-${i}`, title: row },
            subtitle: "features of adversarial test images, t-SNE",
            description: `A map of the features of ${map.labels.length} adversarial test images, each in the colour of its class.`,
            classes: order.map((k) => figure.classNames[k] ?? `class ${k}`),
            points: map.points.map(([x, y], at) => ({ x, y, rank: rankOf.get(map.labels[at]!) ?? 0 })),
          }),
        ]
      : [],
  );
};

const steps: Draw = (_, rows, id) => [
  lineChart({
    ...{ id: `${id}-steps`, title: "Robust accuracy by attack steps", subtitle: "PGD, %" },
    description: "Accuracy under PGD with 1 to 100 steps, for each row.",
    series: rows.map((row, i) => ({
      ...{ label: row.row, colour: runColour(i), endLabel: row.row },
      points: row.steps.map(({ steps: x, accuracy }) => ({ x, y: accuracy })),
    })),
    ...{ format: (value) => percent(value, 0), axis: "data" },
    across: { kind: "log", label: "attack steps", name: (value) => `${value} steps` },
  }),
];

function classChart(
  figure: ReproducedFigure,
  rows: readonly ReproducedFigureRow[],
  id: string,
): Markup | false {
  const order = ranked(figure);
  const shown = rows.filter((row) => row.classes.robust.length > 0);
  if (shown.length === 0) return false;
  return classBars({
    ...{ id: `${id}-classes`, title: "Accuracy by class", attack: "PGD" },
    subtitle: "clean pale, attacked solid, %",
    description: "Clean accuracy and accuracy under PGD of each class, the largest training class first.",
    columns: order.map((k) => ({
      name: figure.classNames[k] ?? `class ${k}`,
      ...{ images: figure.rows[0]?.trainCounts[k] ?? null, group: figure.groups[k] ?? null },
    })),
    series: shown.map((row, i) => ({
      ...{ label: row.row, colour: runColour(i) },
      clean: order.map((k) => row.classes.clean[k] ?? null),
      robust: order.map((k) => row.classes.robust[k] ?? null),
    })),
  });
}

const chartsOf: Readonly<Record<ReproducedFigure["kinds"][number], Draw>> = {
  ...{ predictions, distances, features, steps },
  // Drawn apart, across the page.
  classes: () => [],
};
