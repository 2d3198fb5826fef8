// What a card says of a run besides its classifier: data, protocol, what was measured.
import type { EvaluationResult } from "../../evaluation/index.js";
import type { ClassifierDescription } from "../description.js";

/** What a card is written from. */
export interface CardFacts {
  readonly description: ClassifierDescription;
  /** Null where the run's folder is not known, as when an export is exported again. */
  readonly run: RunFacts | null;
  /** Of the exported checkpoint. */
  readonly results: readonly EvaluationResult[];
  /** Names of the exported files. */
  readonly files: readonly string[];
  /** How far the files agree with the run, one sentence for each. */
  readonly agreement: readonly string[];
}

/** What a card says of the run behind a model. */
export interface RunFacts {
  readonly dataset: string;
  /** True where the images were drawn by a program. */
  readonly synthetic: boolean;
  readonly dataNotes: readonly string[];
  /** The resolved configuration as YAML. */
  readonly config: string;
  readonly epochs: number;
  /** How the checkpoint was chosen among the epochs: on test or validation images, or simply the last one. */
  readonly selection: "test" | "validation" | "last";
}

/** A result under one of the attacks that readers of cards look for. */
export function resultOf(
  { results }: CardFacts,
  attack: "pgd-20" | "autoattack",
): EvaluationResult | undefined {
  return results
    .filter((result) => result.split === "test" && result.attack.name === attack)
    .sort((a, b) => b.clean.total - a.clean.total)[0];
}
