// Which classes adversarial examples are taken for, epoch by epoch, and the weights RBL answers with.
import { z } from "zod";
import { type ClassGroup, classGroups } from "../../data/index.js";
import { lineChart, namedRanks, shareChart } from "../charts/index.js";
import { html, type Markup } from "../markup.js";
import { compact, percent } from "../numbers.js";
import { classColour } from "../palette.js";
import { className, type RunRecord } from "../reading/index.js";
import { classOrder } from "./classes.js";
import { lastEpoch } from "./curves.js";
import { loggedIn, numbersTable, panels, type ShownRun } from "./parts.js";
import { attackTitle } from "./results.js";

interface Column {
  readonly epoch: number;
  /** By class id. */
  readonly counts: readonly number[];
}

export function predictionsSection(runs: readonly ShownRun[]): Markup | false {
  const epochs = lastEpoch(runs);
  const training = runs.flatMap((run, i) => trainingShares(run, i, epochs));
  const tested = runs.flatMap((run, i) => testShares(run, i, epochs));
  const weights = runs.flatMap((run, i) => weightLines(run, i, epochs));
  if (training.length + tested.length + weights.length === 0) return false;
  return html`<section aria-labelledby="predictions"><h2 id="predictions">What adversarial examples are taken for</h2><p class="explain">Each column is an epoch, divided by the class predicted; classes with most training images lie at the bottom. A model that the long tail has not skewed predicts the training examples in the proportions of the column at the left, and every class of a balanced test set equally often.</p>${
    training.length > 0 &&
    html`<figure>${panels(training)}${shareNumbers(runs, "training", trainingColumns)}</figure>`
  }${tested.length > 0 && html`<figure>${panels(tested)}${shareNumbers(runs, "evaluation", testColumns)}</figure>`}${
    weights.length > 0 &&
    html`<h3>Weights of the re-balancing loss</h3><p class="explain">RBL gives a class more weight when few adversarial examples of the epoch before were predicted as it.</p><figure>${panels(weights)}${weightNumbers(runs)}</figure>`
  }</section>`;
}

function trainingColumns(record: RunRecord): Column[] {
  return record.epochs.flatMap((e) =>
    e.predictedCounts ? [{ epoch: e.epoch, counts: e.predictedCounts }] : [],
  );
}

function testColumns(record: RunRecord): Column[] {
  return measured(record).map((e) => ({ epoch: e.epoch, counts: e.robust.predicted }));
}

/** The evaluations made while training: on the test images, or where there are none on the validation images. */
function measured(record: RunRecord) {
  const tested = record.evaluations.filter((e) => e.split === "test");
  return tested.length > 0 ? tested : record.evaluations;
}

function trainingShares(run: ShownRun, index: number, epochs: number): Markup[] {
  const columns = trainingColumns(run.record);
  const sizes = run.record.data?.trainCounts;
  if (columns.length === 0) return [];
  const reference = sizes ? { label: "training", counts: sizes } : null;
  return [panel(run, `shares-training-${index}`, "training examples", columns, reference, epochs)];
}

function testShares(run: ShownRun, index: number, epochs: number): Markup[] {
  const columns = testColumns(run.record);
  const event = measured(run.record).at(-1);
  if (columns.length === 0 || !event) return [];
  const reference = { label: event.split, counts: event.robust.perClass.map((c) => c.total) };
  return [
    panel(
      run,
      `shares-test-${index}`,
      `${event.split} examples, ${attackTitle(event.attack)}`,
      columns,
      reference,
      epochs,
    ),
  ];
}

function panel(
  run: ShownRun,
  id: string,
  what: string,
  columns: readonly Column[],
  reference: { label: string; counts: readonly number[] } | null,
  epochs: number,
): Markup {
  const order = classOrder(run.record);
  const inOrder = (counts: readonly number[]) => order.map((k) => counts[k] ?? 0);
  const tail = tailShares(run.record, columns, reference?.counts ?? null);
  return shareChart({
    id,
    title: run.label,
    subtitle: `predictions of ${what}, %${tail ? `; ${tail}` : ""}`,
    description: `Share of each class among the predictions of adversarial ${what} by epoch. ${tail ?? ""}`,
    classes: order.map((k) => className(run.record, k)),
    columns: columns.map((c) => ({ epoch: c.epoch, counts: inOrder(c.counts) })),
    reference: reference && { label: reference.label, counts: inOrder(reference.counts) },
    epochs,
  });
}

/** "tail 3.1 → 9.8 of 6.4": first and last epoch, and the share the tail really has. */
function tailShares(
  record: RunRecord,
  columns: readonly Column[],
  truth: readonly number[] | null,
): string | null {
  if (!record.data || columns.length === 0) return null;
  const groups = classGroups(record.data.trainCounts);
  const share = (counts: readonly number[]) => percent(groupShare(counts, groups, "tail"));
  const change = `tail ${share(columns[0]!.counts)} → ${share(columns.at(-1)!.counts)}`;
  return truth ? `${change} (true: ${share(truth)})` : change;
}

function groupShare(counts: readonly number[], groups: readonly ClassGroup[], group: ClassGroup): number {
  const total = counts.reduce((a, b) => a + b, 0);
  return counts.reduce((sum, n, k) => sum + (groups[k] === group ? n : 0), 0) / total;
}

const rblRecord = z.object({ rblWeights: z.array(z.number()) });

function weightsOf(record: RunRecord): Column[] {
  return record.epochs.flatMap((e) => {
    const parsed = rblRecord.safeParse(e.method);
    return parsed.success ? [{ epoch: e.epoch, counts: parsed.data.rblWeights }] : [];
  });
}

function weightLines(run: ShownRun, index: number, epochs: number): Markup[] {
  const columns = weightsOf(run.record);
  if (columns.length === 0) return [];
  const order = classOrder(run.record);
  const values = columns.flatMap((c) => c.counts).filter((v) => v > 0);
  const spread = Math.max(...values) / Math.min(...values);
  const named = namedRanks(order.length);
  return [
    lineChart({
      id: `weights-${index}`,
      title: run.label,
      subtitle: `RBL weight of each class, without unit${spread > 30 ? ", logarithmic" : ""}`,
      description:
        "Weight that the re-balancing loss gives each class, by epoch; the numbers are in the table below.",
      series: order.map((k, rank) => ({
        label: className(run.record, k),
        colour: classColour(rank, order.length),
        points: columns.map((c) => ({ x: c.epoch, y: c.counts[k] ?? Number.NaN })),
        ...(named.has(rank) ? { endLabel: className(run.record, k) } : {}),
      })),
      format: compact,
      axis: spread > 30 ? "log" : "zero",
      epochs,
      height: 340,
    }),
  ];
}

function weightNumbers(runs: readonly ShownRun[]): Markup {
  return classTable(runs, "RBL weights by epoch", weightsOf, (column, k) =>
    compact(column.counts[k] ?? Number.NaN),
  );
}

function shareNumbers(
  runs: readonly ShownRun[],
  what: string,
  columnsOf: (r: RunRecord) => Column[],
): Markup {
  return classTable(runs, `predicted classes by epoch, ${what}, %`, columnsOf, (column, k) => {
    const total = column.counts.reduce((a, b) => a + b, 0);
    return percent((column.counts[k] ?? 0) / total);
  });
}

/** One table for each run, since runs may have different classes. */
function classTable(
  runs: readonly ShownRun[],
  caption: string,
  columnsOf: (record: RunRecord) => Column[],
  cell: (column: Column, id: number) => string,
): Markup {
  const shown = runs.filter((r) => columnsOf(r.record).length > 0);
  return html`${shown.map((run) => {
    const order = classOrder(run.record);
    const head = ["epoch", ...order.map((k) => className(run.record, k))];
    const rows = columnsOf(run.record).map((c) => [c.epoch, ...order.map((k) => cell(c, k))]);
    return numbersTable(`${run.label}, ${caption}`, head, rows, loggedIn([run]));
  })}`;
}
