// Results on the terminal: one line for each checkpoint and measurement, with head, body and tail.
import { normSymbol } from "../attacks/index.js";
import {
  attackLabel,
  type EnsembleRecord,
  type EvaluationResult,
  tilesSentence,
} from "../evaluation/index.js";
import type { MeanOverSeeds, SeedGroup, WeightsEvaluation } from "../experiments/index.js";
import { formatFraction } from "../fraction.js";
import { evaluationTable, type TableRow } from "../report/index.js";
import { table } from "./table.js";
import { duration, percent } from "./terminal.js";

type Report = EvaluationResult["clean"];

/**
 * The table of {@link evaluationTable} for results: for each run and checkpoint the clean accuracy, then each attack's.
 * @param nameOf where given, what it makes of a result stands in the first column
 * @param heading of that column
 */
export function resultsTable(
  results: readonly EvaluationResult[],
  nameOf?: (result: EvaluationResult) => string,
  heading = "method",
): string {
  const rows: TableRow[] = [];
  const seen = new Set<string>();
  for (const result of results) {
    const { run, checkpoint, epoch, split, attack, weights } = result;
    const held = `epoch ${epoch}${weights ? `, ${weights}` : ""}`;
    const row = (measured: string, report: Report): TableRow => ({
      labels: {
        ...(nameOf && { [heading]: nameOf(result) }),
        checkpoint: `${checkpoint} (${held})`,
        measured,
      },
      figures: figuresOf(report),
    });
    const key = [run, checkpoint, split, result.clean.total].join("/");
    if (!seen.has(key)) rows.push(row("clean", result.clean));
    seen.add(key);
    rows.push(row(attackLabel(attack), result.robust));
  }
  return evaluationTable(rows);
}

/** The same table for weights from elsewhere. */
export function weightsTable({ clean, attacks }: WeightsEvaluation): string {
  const row = (measured: string, report: Report): TableRow => ({
    labels: { measured },
    figures: figuresOf(report),
  });
  return evaluationTable([
    row("clean", clean),
    ...attacks.map((attack) => row(attackLabel(attack), attack.robust)),
  ]);
}

/** Mean ± standard error over the seeds of each group of runs. */
export function seedsTable(groups: readonly SeedGroup[]): string {
  const shown = (value: MeanOverSeeds | null) =>
    value ? `${(100 * value.mean).toFixed(1)} ± ${(100 * value.standardError).toFixed(1)}` : "–";
  const figures = ["all", "head", "body", "tail", "balanced"] as const;
  const rows = groups.flatMap(({ runs, rows: lines }) =>
    lines.map(({ checkpoint, measured, figures: values }) => [
      `${runs[0]} and ${runs.length - 1} more`,
      ...[String(runs.length), checkpoint, measured],
      ...figures.map((name) => shown(values[name])),
    ]),
  );
  const left = ["runs", "checkpoint", "measured"];
  return table(["runs", "seeds", "checkpoint", "measured", ...figures], rows, left);
}

/** What an AutoAttack run found: one line for each attack, then warnings. */
export function ensembleLines(
  of: string,
  { outcomes, warnings, verification, tiles }: EnsembleRecord,
): string {
  const steps = outcomes.map(
    ({ attack, accuracy, attacked, standing, seconds }) =>
      `  after ${attack}: ${percent(accuracy)} stand (${attacked - standing} of ${attacked} fell, ${duration(seconds)})`,
  );
  const verified = verification.agrees
    ? "  verified: all images are in the ball and in [0, 1], and their accuracy is the one reported"
    : "  NOT VERIFIED: see the warning verification-mismatch";
  const said = warnings.map(({ name, message }) => `  warning ${name}: ${message} (docs/warnings.md)`);
  const search = tiles ? [`  ${tilesSentence(tiles)}`] : [];
  return [of, ...steps, verified, ...search, ...said].join("\n");
}

/** {@link ensembleLines} of every result of AutoAttack; empty where there is none. */
export function ensembleNotes(results: readonly EvaluationResult[]): string {
  return results
    .flatMap(({ run, checkpoint, attack, ensemble }) =>
      ensemble ? [ensembleLines(`${run}, ${checkpoint}, ${attackLabel(attack)}`, ensemble)] : [],
    )
    .join("\n");
}

/** One sentence for each kind of warning of the attacks other than AutoAttack. */
export function warningNotes(
  results: readonly Pick<EvaluationResult, "attack" | "warnings">[],
): readonly string[] {
  return results.flatMap(({ attack, warnings = [] }) => {
    const first = new Map([...warnings].reverse().map((warning) => [warning.name, warning]));
    return [...first.values()].map(
      ({ name, message }) => `${attackLabel(attack)}, warning ${name}: ${message} (docs/warnings.md)`,
    );
  });
}

/** The text under {@link weightsTable}. */
export function weightsFooter(result: WeightsEvaluation): string {
  const budgets = result.attacks.map((attack) => describeImages({ ...result, attack }));
  return [...new Set(budgets)].join("\n");
}

function figuresOf(report: Report): TableRow["figures"] {
  const { head, body, tail } = report.groups;
  return { all: report.accuracy, head, body, tail, balanced: report.balanced };
}

/** What a reader must know of the figures: on which images and with which weights they were measured. */
export function resultsFooter(results: readonly EvaluationResult[]): string {
  const averaged = results.filter(({ weights }) => weights === "averaged").length;
  const whose = averaged === results.length ? "The weights are" : "Averaged weights are";
  return [
    ...new Set(results.map(describeImages)),
    ...(averaged > 0 ? [`${whose} a moving average over the training steps.`] : []),
  ].join("\n");
}

type Described = Pick<EvaluationResult, "clean" | "split" | "dataset" | "synthetic"> & {
  readonly attack: { readonly constants: { readonly norm?: unknown; readonly epsilon?: unknown } };
};

function describeImages({ clean, split, dataset, synthetic, attack }: Described): string {
  const { norm = "linf", epsilon } = attack.constants;
  const images = `Accuracy in % on ${clean.total} ${split} images of ${dataset}`;
  const budget =
    typeof epsilon === "number" ? `, ${normSymbol(String(norm))} budget ${formatFraction(epsilon)}` : "";
  const warning = synthetic
    ? ". These images are synthetic, drawn by a program: the figures say nothing about photographs"
    : "";
  return `${images}${budget}${warning}.`;
}
