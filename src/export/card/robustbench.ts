// The record of a model as RobustBench's leaderboard keeps them, one JSON file for each model.
import { formatFraction } from "../../fraction.js";
import { type MethodEntry, type MethodOptions, methods } from "../../methods/index.js";
import { type CardFacts, resultOf } from "./facts.js";

/** The keys of a `model_info` file. Accuracies are percentages as texts, as they are there; null where not measured. */
export interface RobustBenchRecord {
  readonly link: string;
  readonly name: string;
  readonly authors: string;
  readonly additional_data: boolean;
  readonly number_forward_passes: number;
  readonly dataset: string;
  readonly venue: string;
  readonly architecture: string;
  readonly eps: string | null;
  readonly clean_acc: string | null;
  readonly reported: string | null;
  readonly autoattack_acc: string | null;
  readonly footnote: string;
}

/** Authors stay empty: whoever submits the model fills them in. */
export function robustBenchRecord(facts: CardFacts): RobustBenchRecord {
  const { description, run } = facts;
  const { method, name, architecture, classCounts } = description;
  const entry = methods[method.name] as MethodEntry<MethodOptions>;
  const [pgd, auto] = [resultOf(facts, "pgd-20"), resultOf(facts, "autoattack")];
  const measured = auto ?? pgd;
  const percent = (value: number | undefined) => (value === undefined ? null : (100 * value).toFixed(2));
  const epsilon = measured?.attack.constants.epsilon;
  const arxiv = /arXiv (\d{4}\.\d{4,5})/.exec(entry.paper)?.[1];
  const largest = Math.max(...classCounts);
  const ratio = largest / Math.max(1, Math.min(...classCounts));
  const images = measured ? ` Measured on ${measured.clean.total} test images.` : "";
  const synthetic = run?.synthetic ? " The images were drawn by a program." : "";
  return {
    link: arxiv ? `https://arxiv.org/abs/${arxiv}` : "",
    name: `${name} (${method.name})`,
    authors: "",
    additional_data: false,
    number_forward_passes: 1,
    dataset: run?.dataset ?? "unknown",
    venue: entry.paper,
    architecture,
    eps: typeof epsilon === "number" ? formatFraction(epsilon) : null,
    clean_acc: percent(measured?.clean.accuracy),
    reported: percent(pgd?.robust.accuracy),
    autoattack_acc: percent(auto?.robust.accuracy),
    footnote: `Trained on ${classCounts.reduce((sum, count) => sum + count, 0)} images, the largest class ${ratio.toFixed(1)} times the smallest; "reported" is PGD-20.${images}${synthetic}`,
  };
}
