// Clean and robust accuracy of each class, the classes by their number of training images.
import { type ClassGroup, classGroups } from "../../data/index.js";
import { type ClassBarSeries, classBars } from "../charts/index.js";
import { html, type Markup } from "../markup.js";
import { count, missing, percent } from "../numbers.js";
import { attacksOf, className, type RunRecord, resultRows } from "../reading/index.js";
import { filesTable, legend, numbersTable, type ShownRun } from "./parts.js";
import { attackTitle } from "./results.js";

export function classesSection(runs: readonly ShownRun[]): Markup | false {
  const blocks = comparable(runs).flatMap((group, i) => classFigures(group, i));
  if (blocks.length === 0) return false;
  return html`<section aria-labelledby="classes"><h2 id="classes">Accuracy of each class</h2><p class="explain">Pale bars are clean accuracy, solid bars what the attack leaves of it. Classes stand in the order of their training images, whose number is below the name.</p>${blocks}</section>`;
}

/** Runs whose classes are the same can share a chart; others get their own. */
export function comparable(runs: readonly ShownRun[]): ShownRun[][] {
  const groups = new Map<string, ShownRun[]>();
  for (const run of runs) {
    const key = JSON.stringify(
      run.record.data ? [run.record.data.classNames, run.record.data.trainCounts] : classCount(run.record),
    );
    groups.set(key, [...(groups.get(key) ?? []), run]);
  }
  return [...groups.values()];
}

/** Class ids, most training images first; in label order where the sizes are not known. */
export function classOrder(record: RunRecord): number[] {
  const sizes = record.data?.trainCounts;
  const ids = Array.from({ length: classCount(record) }, (_, k) => k);
  return sizes ? ids.sort((a, b) => (sizes[b] ?? 0) - (sizes[a] ?? 0) || a - b) : ids;
}

function classCount(record: RunRecord): number {
  return (
    record.data?.classNames.length ??
    record.evaluations[0]?.clean.perClass.length ??
    record.stored[0]?.clean.perClass.length ??
    record.epochs.find((e) => e.predictedCounts)?.predictedCounts?.length ??
    0
  );
}

function classFigures(runs: readonly ShownRun[], index: number): Markup[] {
  const measured = runs.map((run) => ({ run, row: resultRows(run.record)[0] }));
  const attacks = attacksOf(measured.flatMap(({ row }) => (row ? [row] : []))).filter((a) => a !== "clean");
  const first = runs[0]!.record;
  const order = classOrder(first);
  const groups: readonly ClassGroup[] | null = first.data ? classGroups(first.data.trainCounts) : null;
  const columns = order.map((id) => ({
    name: className(first, id),
    images: first.data?.trainCounts[id] ?? null,
    group: groups?.[id] ?? null,
  }));
  return attacks.flatMap((attack, a) => {
    const series = measured.flatMap(
      ({ run, row }): (ClassBarSeries & { checkpoint: string; from: Parameters<typeof filesTable>[0] })[] => {
        const clean = row?.measurements.find((m) => m.attack === "clean")?.report.perClass;
        const robust = row?.measurements.find((m) => m.attack === attack)?.report.perClass;
        if (!row || !clean || !robust) return [];
        const checkpoint = `${row.checkpoint} checkpoint${row.epoch === null ? "" : `, epoch ${row.epoch}`}`;
        const take = (list: typeof clean) => order.map((id) => list[id]?.accuracy ?? null);
        const from = row.measurements.flatMap((m) =>
          m.attack === "clean" || m.attack === attack
            ? [{ run, measured: `${row.checkpoint}, ${attackTitle(m.attack)}`, file: m.file }]
            : [],
        );
        const { label, colour } = run;
        return [{ label, colour, clean: take(clean), robust: take(robust), checkpoint, from }];
      },
    );
    if (series.length === 0) return [];
    const chart = classBars({
      id: `classes-${index}-${a}`,
      title: `Clean and ${attackTitle(attack)} accuracy by class`,
      subtitle: `% of the class' images; ${columns[0]?.images === null ? "classes in label order" : "training images below the names"}`,
      description: `For each class and run, clean accuracy and accuracy under ${attackTitle(attack)}; the numbers are in the table below.`,
      columns,
      series,
      attack: attackTitle(attack),
    });
    const rows = columns.map((c, k) => [
      c.name,
      c.group ?? missing,
      c.images === null ? missing : count(c.images),
      ...series.flatMap((s) => [percent(s.clean[k]), percent(s.robust[k])]),
    ]);
    const keys = series.flatMap((s) => [
      {
        label: `${s.label}, ${attackTitle(attack)} (${s.checkpoint})`,
        colour: s.colour,
        kind: "solid" as const,
      },
    ]);
    const figure = html`<figure>${legend([...keys, { label: "clean", colour: "var(--soft)", kind: "pale" }])}<div class="wide" tabindex="0" style="margin-top:14px">${chart}</div>${numbersTable(
      `accuracy by class, ${attackTitle(attack)}, %`,
      [
        "class",
        "group",
        "training images",
        ...series.flatMap((s) => [`${s.label} clean`, `${s.label} ${attackTitle(attack)}`]),
      ],
      rows,
      null,
    )}${filesTable(series.flatMap((s) => s.from))}</figure>`;
    // The other attacks rarely differ; they are folded away to keep the page short.
    return [
      a === 0
        ? figure
        : html`<details><summary>The same under ${attackTitle(attack)}</summary>${figure}</details>`,
    ];
  });
}
