// Results on the terminal: one line for each checkpoint and measurement, head, body and tail beside the whole.
import type { EvaluationResult } from "../evaluation/index.js";
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
      figures: {
        all: report.accuracy,
        head: report.groups.head,
        body: report.groups.body,
        tail: report.groups.tail,
        balanced: report.balanced,
      },
    });
    const key = [run, checkpoint, split, result.clean.total].join("/");
    if (!seen.has(key)) rows.push(row("clean", result.clean));
    seen.add(key);
    rows.push(row(attack.name, result.robust));
  }
  return evaluationTable(rows);
}

/** What a reader must know of the figures: on which images they were measured. */
export function resultsFooter(results: readonly EvaluationResult[]): string {
  return [...new Set(results.map(describeImages))].join("\n");
}

function describeImages({ clean, split, dataset, synthetic, attack }: EvaluationResult): string {
  const { norm, epsilon } = attack.constants;
  const images = `Accuracy in % on ${clean.total} ${split} images of ${dataset}`;
  const budget =
    typeof epsilon === "number" ? `, ${norm === "l2" ? "l2" : "l∞"} budget ${formatFraction(epsilon)}` : "";
  const warning = synthetic
    ? ". These images are synthetic, drawn by a program: the figures say nothing about photographs"
    : "";
  return `${images}${budget}${warning}.`;
}
