// Results on the terminal: one line for each checkpoint and measurement, head, body and tail beside the whole.
import type { EvaluationResult } from "../evaluation/index.js";
import type { WeightsEvaluation } from "../experiments/index.js";
import { formatFraction } from "../fraction.js";
import { evaluationTable, type TableRow } from "../report/index.js";

type Report = EvaluationResult["clean"];

/**
 * The table of {@link evaluationTable} for results: for each run and checkpoint the clean accuracy, then each attack's.
 * @param nameOf where given, what it makes of a result stands in the first column
 */
export function resultsTable(
  results: readonly EvaluationResult[],
  nameOf?: (result: EvaluationResult) => string,
): string {
  const rows: TableRow[] = [];
  const seen = new Set<string>();
  for (const result of results) {
    const { run, checkpoint, epoch, split, attack } = result;
    const row = (measured: string, report: Report): TableRow => ({
      labels: {
        ...(nameOf && { method: nameOf(result) }),
        checkpoint: `${checkpoint} (epoch ${epoch})`,
        measured,
      },
      figures: figuresOf(report),
    });
    const key = [run, checkpoint, split, result.clean.total].join("/");
    if (!seen.has(key)) rows.push(row("clean", result.clean));
    seen.add(key);
    rows.push(row(attack.name, result.robust));
  }
  return evaluationTable(rows);
}

/** The same table for weights from elsewhere. */
export function weightsTable({ clean, attacks }: WeightsEvaluation): string {
  const row = (measured: string, report: Report): TableRow => ({
    labels: { measured },
    figures: figuresOf(report),
  });
  return evaluationTable([row("clean", clean), ...attacks.map(({ name, robust }) => row(name, robust))]);
}

/** What stands under {@link weightsTable}. */
export function weightsFooter(result: WeightsEvaluation): string {
  const budgets = result.attacks.map((attack) => describeImages({ ...result, attack }));
  return [...new Set(budgets)].join("\n");
}

function figuresOf(report: Report): TableRow["figures"] {
  const { head, body, tail } = report.groups;
  return { all: report.accuracy, head, body, tail, balanced: report.balanced };
}

/** What a reader must know of the figures: on which images they were measured. */
export function resultsFooter(results: readonly EvaluationResult[]): string {
  return [...new Set(results.map(describeImages))].join("\n");
}

type Described = Pick<EvaluationResult, "clean" | "split" | "dataset" | "synthetic"> & {
  readonly attack: { readonly constants: { readonly norm?: unknown; readonly epsilon?: unknown } };
};

function describeImages({ clean, split, dataset, synthetic, attack }: Described): string {
  const { norm, epsilon } = attack.constants;
  const images = `Accuracy in % on ${clean.total} ${split} images of ${dataset}`;
  const budget =
    typeof epsilon === "number" ? `, ${norm === "l2" ? "l2" : "l∞"} budget ${formatFraction(epsilon)}` : "";
  const warning = synthetic
    ? ". These images are synthetic, drawn by a program: the figures say nothing about photographs"
    : "";
  return `${images}${budget}${warning}.`;
}
