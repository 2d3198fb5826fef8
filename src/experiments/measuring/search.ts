// How AutoAttack and its members look for examples: through convolutions in tiles or not, in which order.
import { confirmsExamples, isEnsemble } from "../../attacks/index.js";
import { ReatError } from "../../errors.js";
import type { EvaluationBatches } from "../../evaluation/index.js";
import { type ImageClassifier, usesTiles } from "../../nn/index.js";
import { scope } from "../../tensor/index.js";
import type { ExperimentConfig } from "../config/index.js";
import type { PlannedAttack } from "./evaluation-plan.js";

/** What may be chosen of it. */
export interface SearchOptions {
  /** False: not through tiles. Default: as configured. */
  readonly tiles?: boolean;
  /** Attack briefly first, to attack together what is likely to fall; the numbers are the same. Default: false. */
  readonly screen?: boolean;
}

/** @throws ReatError `usage` for a choice that is no matter to any of the attacks */
export function requireSearch(planned: readonly PlannedAttack[], { tiles, screen }: SearchOptions): void {
  const names = planned.map(({ spec }) => spec.name).join(", ");
  if (tiles === false && !planned.some(({ spec }) => confirmsExamples(spec))) {
    throw new ReatError(
      "usage",
      `--no-tiles is for apgd-ce, apgd-dlr, apgd-t, fab, fab-t, square and autoattack; it changes nothing for ${names}.`,
    );
  }
  if (screen === true && !planned.some(({ spec }) => isEnsemble(spec))) {
    throw new ReatError("usage", `--screen is for autoattack; it changes nothing for ${names}.`);
  }
}

/**
 * The attacks with `tiles: true` among the constants of those that will look for examples through tiles: their numbers may differ in the
 * last image from those of the plain network, so the two never stand for each other.
 */
export function withTiles(
  planned: readonly PlannedAttack[],
  { evaluation }: ExperimentConfig,
  model: ImageClassifier,
  batches: EvaluationBatches,
): PlannedAttack[] {
  if (!evaluation.tiles || batches.count === 0 || !planned.some(({ spec }) => confirmsExamples(spec))) {
    return [...planned];
  }
  const has = model.withMode("frozen", () => scope(() => usesTiles(model, batches.batch(0).images)));
  return planned.map(({ spec, told }) =>
    has && confirmsExamples(spec)
      ? { told, spec: { ...spec, constants: { ...spec.constants, tiles: true } } as typeof spec }
      : { told, spec },
  );
}
