// Accuracy over the epochs, clean and robust, with the chosen epoch marked; loss and learning rate.
import type { AccuracyReport } from "../../evaluation/index.js";
import { type LineSeries, lineChart, type Point } from "../charts/index.js";
import { html, type Markup } from "../markup.js";
import { compact, percent } from "../numbers.js";
import { type LegendEntry, legend, loggedIn, numbersTable, panels, type ShownRun } from "./parts.js";
import { attackTitle } from "./results.js";

type Side = "clean" | "robust";

export function curvesSection(runs: readonly ShownRun[]): Markup {
  if (runs.every((r) => r.record.epochs.length === 0 && r.record.evaluations.length === 0)) {
    return html`<section aria-labelledby="curves"><h2 id="curves">Training</h2><p>No epoch has been logged yet.</p></section>`;
  }
  return html`<section aria-labelledby="curves"><h2 id="curves">Training</h2>${accuracyFigures(runs)}${trainingFigures(runs)}</section>`;
}

function accuracyFigures(runs: readonly ShownRun[]): Markup | false {
  const evaluated = runs.filter((r) => r.record.evaluations.length > 0);
  if (evaluated.length === 0)
    return html`<p>No epoch has been evaluated yet, so there are no accuracy curves.</p>`;
  const attacks = [
    ...new Set(evaluated.flatMap((r) => r.record.evaluations.map((e) => attackTitle(e.attack)))),
  ].join(", ");
  const splits = [...new Set(evaluated.flatMap((r) => r.record.evaluations.map((e) => e.split)))];
  const epochs = lastEpoch(runs);
  const panel = (
    id: string,
    title: string,
    subtitle: string,
    side: Side,
    value: (r: AccuracyReport) => number | null,
  ) =>
    lineChart({
      id,
      title,
      subtitle: `${subtitle}, % of ${splits.join(" and ")} images`,
      description: describeEnds(runs, side, title),
      series: evaluated.flatMap((run) => splits.map((split) => series(run, split, side, value))),
      format: (v) => percent(v, 0),
      axis: "zero",
      epochs,
      reference: { value: 1 / classes(evaluated), label: "chance" },
    });
  const groups = (["head", "body", "tail"] as const).filter((g) =>
    evaluated.some((r) => r.record.evaluations.some((e) => e.robust.groups[g] !== null)),
  );
  const rows = evaluated.flatMap((run) =>
    run.record.evaluations.map((e) => [
      run.label,
      e.epoch,
      e.split,
      percent(e.clean.accuracy),
      percent(e.robust.accuracy),
      ...groups.map((g) => percent(e.robust.groups[g])),
    ]),
  );
  return html`<figure>${legend(accuracyLegend(evaluated, splits))}${panels([panel("curve-clean", "Clean accuracy", "no attack", "clean", (r) => r.accuracy), panel("curve-robust", "Robust accuracy", attacks, "robust", (r) => r.accuracy)])}${
    groups.length > 0 &&
    panels(
      groups.map((g) => groupPanel(evaluated, splits, g, attacks, epochs)),
      "three",
    )
  }${numbersTable("accuracy by epoch, %", ["run", "epoch", "split", "clean", attacks, ...groups.map((g) => `${attacks} ${g}`)], rows, loggedIn(evaluated))}</figure>`;
}

function groupPanel(
  runs: readonly ShownRun[],
  splits: readonly string[],
  group: "head" | "body" | "tail",
  attacks: string,
  epochs: number,
): Markup {
  const title = `Robust accuracy, ${group}`;
  return lineChart({
    id: `curve-${group}`,
    title,
    subtitle: `${attacks}, mean over classes, %`,
    description: `${title} classes by epoch; the numbers are in the table below.`,
    series: runs.flatMap((run) =>
      splits.map((split) => series(run, split, "robust", (r) => r.groups[group])),
    ),
    format: (v) => percent(v, 0),
    axis: "zero",
    epochs,
    width: 372,
    height: 260,
    // One scale for the three panels, so that slopes can be compared.
    atLeast: Math.max(
      ...runs.flatMap((r) =>
        r.record.evaluations.flatMap((e) => Object.values(e.robust.groups).map((v) => v ?? 0)),
      ),
    ),
  });
}

function series(
  run: ShownRun,
  split: string,
  side: Side,
  value: (r: AccuracyReport) => number | null,
): LineSeries {
  const points = run.record.evaluations.flatMap((e): Point[] => {
    const y = value(e[side]);
    return e.split === split && y !== null ? [{ x: e.epoch, y }] : [];
  });
  const { best } = run.record;
  const point = best && best.split === split ? points.find((p) => p.x === best.epoch) : undefined;
  return {
    label: `${run.label}, ${split}`,
    colour: run.colour,
    dash: split === "validation" ? "dashed" : "solid",
    points,
    mark: point && { point, reason: "best epoch" },
  };
}

function accuracyLegend(runs: readonly ShownRun[], splits: readonly string[]): LegendEntry[] {
  const entries: LegendEntry[] = runs.map((r) => ({ label: r.label, colour: r.colour, kind: "line" }));
  if (splits.length > 1 || splits[0] === "validation") {
    for (const split of splits) {
      entries.push({
        label: `${split} images`,
        colour: "var(--soft)",
        kind: split === "test" ? "line" : "dashed",
      });
    }
  }
  if (runs.some((r) => r.record.best)) {
    entries.push({ label: "best epoch, by robust accuracy", colour: "var(--soft)", kind: "ring" });
  }
  return entries;
}

function trainingFigures(runs: readonly ShownRun[]): Markup | false {
  const trained = runs.filter((r) => r.record.epochs.length > 0);
  if (trained.length === 0) return false;
  type Epoch = ShownRun["record"]["epochs"][number];
  const of = (value: (e: Epoch) => number | null) =>
    trained.map(
      (run): LineSeries => ({
        label: run.label,
        colour: run.colour,
        points: run.record.epochs.map((e) => ({ x: e.epoch, y: value(e) ?? Number.NaN })),
      }),
    );
  const size = { width: 372, height: 260, epochs: lastEpoch(runs) };
  const charts = [
    lineChart({
      ...size,
      id: "loss",
      title: "Training loss",
      subtitle: "mean over the epoch",
      description: "Training loss by epoch; losses of different kinds do not compare.",
      series: of((e) => e.loss),
      format: compact,
      axis: "zero",
    }),
    lineChart({
      ...size,
      id: "training-accuracy",
      title: "Training accuracy",
      subtitle: "adversarial examples, %",
      description: "Accuracy on the adversarial examples made while training, by epoch.",
      series: of((e) => e.adversarialAccuracy),
      format: (v) => percent(v, 0),
      axis: "zero",
    }),
    lineChart({
      ...size,
      id: "learning-rate",
      title: "Learning rate",
      subtitle: "logarithmic",
      description: "Learning rate by epoch, logarithmic axis.",
      series: of((e) => e.learningRate),
      format: compact,
      axis: "log",
      steps: true,
    }),
  ];
  const rows = trained.flatMap((run) =>
    run.record.epochs.map((e) => [
      run.label,
      e.epoch,
      compact(e.loss),
      percent(e.adversarialAccuracy),
      compact(e.learningRate),
      compact(e.seconds),
    ]),
  );
  return html`<figure>${legend(trained.map((r) => ({ label: r.label, colour: r.colour, kind: "line" })))}${panels(charts, "three")}${numbersTable("training by epoch", ["run", "epoch", "loss", "training accuracy, %", "learning rate", "seconds"], rows, loggedIn(trained))}</figure>`;
}

/** The last epoch of any chart, so that all share one axis. Epochs that a run was to reach and did not would only stretch it. */
export function lastEpoch(runs: readonly ShownRun[]): number {
  return Math.max(1, ...runs.map((r) => r.record.epochs.at(-1)?.epoch ?? 1));
}

function classes(runs: readonly ShownRun[]): number {
  return runs[0]!.record.evaluations[0]!.clean.perClass.length;
}

function describeEnds(runs: readonly ShownRun[], side: Side, title: string): string {
  const ends = runs.flatMap(({ record, label }) => {
    const [first, last] = [record.evaluations[0], record.evaluations.at(-1)];
    if (!first || !last) return [];
    return [
      `${label} goes from ${percent(first[side].accuracy)} % in epoch ${first.epoch} to ${percent(last[side].accuracy)} % in epoch ${last.epoch}`,
    ];
  });
  return `${title} by epoch. ${ends.join("; ")}.`;
}
