// `reat eval --risk`: natural and boundary risk by class, their two means, and whether Theorem 1 of REAT applies.
import {
  attackLabel,
  type EvaluationResult,
  orderSentence,
  type Risk,
  riskNames,
  riskReport,
} from "../evaluation/index.js";
import type { EvaluateRunOutcome } from "../experiments/index.js";
import { table } from "./table.js";

/** A table for each result that counts lost images, with the sentences under it. */
export function riskLines({ run, results, classes }: EvaluateRunOutcome): string {
  return results.flatMap((result) => (result.lost ? [ofResult(run.name, result, classes)] : [])).join("\n\n");
}

function ofResult(
  run: string,
  { checkpoint, attack, clean, lost }: EvaluationResult,
  { names, counts }: EvaluateRunOutcome["classes"],
): string {
  const { perClass, mean, weighted, order } = riskReport(clean, lost!, counts);
  const shown = (risk: Risk | null) => riskNames.map((name) => (risk ? (100 * risk[name]).toFixed(1) : "–"));
  const bySize = counts.map((_, id) => id).sort((a, b) => counts[b]! - counts[a]! || a - b);
  const rows = [
    ...bySize.map((id) => [names[id] ?? `class ${id}`, String(counts[id]), ...shown(perClass[id]!)]),
    ["mean over classes", "", ...shown(mean)],
    ["mean by training frequency", "", ...shown(weighted)],
  ];
  return [
    `Risk in % of ${run}, ${checkpoint}, ${attackLabel(attack)}, on ${clean.total} images`,
    table(["class", "training images", ...riskNames], rows),
    ...riskNames.map((name) => orderSentence(name, order[name])),
    "natural: wrong when clean; boundary: right when clean, wrong under the attack; robust: both together.",
  ].join("\n");
}
