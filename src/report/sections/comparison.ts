// Runs against the first of them: the verdict under each attack, the difference in each class, the settings that differ.
import { differenceBars } from "../charts/index.js";
import { html, type Markup } from "../markup.js";
import { compact, count, missing, percent, points } from "../numbers.js";
import { plainText } from "../plain-text.js";
import { attacksOf, className, resultRows, type Settings, type Verdict, verdicts } from "../reading/index.js";
import { classOrder, comparable } from "./classes.js";
import { filesTable, legend, numbersTable, runName, type ShownRun } from "./parts.js";
import { attackTitle } from "./results.js";

/** The usual level, which has to be shared between all verdicts of a page (Bonferroni). */
const level = 0.05;

/** Every run against the first, and how many verdicts there are in all, between which the level is shared. */
export function comparisons(runs: readonly ShownRun[]) {
  const [first, ...others] = runs;
  const found = others.map((run) => ({ run, verdicts: first ? verdicts(first.record, run.record) : [] }));
  return { found, made: found.reduce((sum, { verdicts: list }) => sum + list.length, 0) };
}

const isClear = ({ p }: Verdict, made: number) => p < level / made;

/** "reat − pgd-at, AutoAttack: +0.4 ± 0.6 points on 500 images: no difference can be told". */
export function verdictSentence(run: ShownRun, first: ShownRun, verdict: Verdict, made: number): Markup {
  const { attack, difference, margin, images } = verdict;
  const word = isClear(verdict, made)
    ? html`<strong>${difference > 0 ? "more" : "less"} robust</strong>`
    : "no difference can be told";
  return html`${run.label} − ${first.label}, ${attackTitle(attack)}: ${points(difference)} ± ${percent(margin)} points on ${count(images)} images: ${attack === "clean" && isClear(verdict, made) ? html`<strong>${difference > 0 ? "more" : "less"} accurate</strong>` : word}`;
}

export function verdictSection(runs: readonly ShownRun[]): Markup | false {
  const [first, ...others] = runs;
  if (!first || others.length === 0) return false;
  const { found, made } = comparisons(runs);
  if (made === 0) {
    return html`<section aria-labelledby="verdict"><h2 id="verdict">Verdict</h2><p>No attack was measured on equally many images of the same split for ${first.label} and another run, so nothing is compared.</p></section>`;
  }
  const rows = found.flatMap(({ run, verdicts: list }) =>
    list.map((v, i) => {
      const clear = isClear(v, made);
      const word = !clear ? "no clear difference" : v.difference > 0 ? "better" : "worse";
      return html`<tr>${i === 0 ? html`<th scope="row">${runName(run)}</th>` : html`<td></td>`}<th scope="row">${attackTitle(v.attack)}</th><td>${percent(v.first)}</td><td>${percent(v.second)}</td><td>${points(v.difference)} ± ${percent(v.margin)}</td><td>${v.p < 1e-4 ? "< 0.0001" : compact(v.p)}</td><td style="text-align:left">${clear ? html`<strong>${word}</strong>` : word}${v.pairs && html` (${count(v.pairs.onlySecond)} images won, ${count(v.pairs.onlyFirst)} lost)`}</td></tr>`;
    }),
  );
  return html`<section aria-labelledby="verdict"><h2 id="verdict">Verdict</h2><p class="explain">Each run against ${first.label}, per cent and points with a 95 % interval. Where AutoAttack tells of each image, McNemar's exact test on the images that only one of both withstands; else the difference of two proportions, which is cautious. A difference is called clear below ${compact(level)} shared between the ${count(made)} ${made === 1 ? "row" : "rows"}. Only the choice of images is accounted for: other seeds differ by more.</p><div class="scroll" tabindex="0"><table><thead><tr><th scope="col" style="text-align:left">run</th><th scope="col" style="text-align:left">under</th><th scope="col">${first.label}</th><th scope="col">it</th><th scope="col">difference</th><th scope="col">p</th><th scope="col" style="text-align:left">verdict</th></tr></thead><tbody>${rows}</tbody></table></div></section>`;
}

export function classDifferencesSection(runs: readonly ShownRun[]): Markup | false {
  const [first, ...others] = runs;
  if (!first) return false;
  const same = comparable(runs).find((group) => group.includes(first)) ?? [];
  const row = resultRows(first.record)[0];
  const from: Parameters<typeof filesTable>[0][number][] = [];
  const attack = row && attacksOf([row]).findLast((name) => name !== "clean");
  const measured = (run: ShownRun) => {
    const found = resultRows(run.record)[0];
    const measurement = found?.measurements.find((m) => m.attack === attack);
    if (!attack || !found || !measurement) return undefined;
    from.push({ run, measured: `${found.checkpoint}, ${attackTitle(attack)}`, file: measurement.file });
    return measurement.report.perClass;
  };
  const base = measured(first);
  if (!attack || !base) return false;
  const order = classOrder(first.record);
  const series = others.flatMap((run) => {
    const report = same.includes(run) ? measured(run) : undefined;
    if (!report) return [];
    const differences = order.map((k) => {
      const [a, b] = [base[k]?.accuracy ?? null, report[k]?.accuracy ?? null];
      return a === null || b === null ? null : b - a;
    });
    return [{ label: run.label, colour: run.colour, differences }];
  });
  if (series.length === 0) return false;
  const columns = order.map((k) => className(first.record, k));
  return html`<section aria-labelledby="differences"><h2 id="differences">Difference in each class</h2><figure>${legend(series.map(({ label, colour }) => ({ label, colour, kind: "solid" as const })))}<div class="wide" tabindex="0" style="margin-top:14px">${differenceBars(
    {
      id: "class-differences",
      title: `${attackTitle(attack)} accuracy against ${first.label}`,
      subtitle: "points; classes in the order of their training images",
      description: `By how much each run's accuracy under ${attackTitle(attack)} differs from that of ${first.label}, class by class; the numbers are in the table below.`,
      columns,
      series,
    },
  )}</div>${numbersTable(
    `difference from ${first.label}, points`,
    ["class", ...series.map((s) => s.label)],
    columns.map((name, k) => [name, ...series.map((s) => points(s.differences[k]))]),
    null,
  )}${filesTable(from)}</figure></section>`;
}

/** Settings by dotted path in which the configurations differ; the name is no setting. */
export function configDifferencesSection(runs: readonly ShownRun[]): Markup | false {
  if (runs.length < 2) return false;
  const all = runs.map(({ record }) => flat(record.config));
  const keys = [...new Set(all.flatMap((settings) => [...settings.keys()]))].filter((key) => key !== "name");
  const differing = keys.filter((key) => new Set(all.map((settings) => settings.get(key))).size > 1);
  const body =
    differing.length === 0
      ? html`<p>The configurations are the same but for the name.</p>`
      : html`<div class="scroll" tabindex="0"><table class="facts"><thead><tr><td></td>${runs.map((run) => html`<th scope="col">${runName(run)}</th>`)}</tr></thead><tbody>${differing.map((key) => html`<tr><th scope="row"><code>${key}</code></th>${all.map((settings) => html`<td>${settings.get(key) ?? missing}</td>`)}</tr>`)}</tbody></table></div>`;
  return html`<section aria-labelledby="settings"><h2 id="settings">Settings that differ</h2>${body}</section>`;
}

function flat(settings: Settings, before = ""): Map<string, string> {
  return new Map(
    Object.entries(settings).flatMap(([key, value]): [string, string][] =>
      typeof value === "object" && value !== null && !Array.isArray(value)
        ? [...flat(value as Settings, `${before}${key}.`)]
        : [[`${before}${key}`, plainText(value)]],
    ),
  );
}
