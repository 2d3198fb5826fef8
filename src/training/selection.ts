// Which epoch's weights count as the best.
import { ReatError } from "../errors.js";
import type { BestSoFar, Selection } from "./events.js";
import type { EvaluationPlan } from "./options.js";

/** Higher robust accuracy wins; of equals, the earlier epoch. */
export function isBetter(candidate: BestSoFar, best: BestSoFar | null): boolean {
  return best === null || candidate.robust > best.robust;
}

/** @throws ReatError `config` when the selection has no measurements to go by */
export function resolveSelection(
  select: Selection | undefined,
  evaluation: EvaluationPlan | null | undefined,
): Selection {
  const selection = select ?? evaluation?.split ?? "last";
  if (selection !== "last" && selection !== evaluation?.split) {
    const measured = evaluation
      ? `the measurements are on the ${evaluation.split} split`
      : "nothing is measured";
    throw new ReatError(
      "config",
      `The best epoch is to be selected on the ${selection} split, but ${measured}.`,
    );
  }
  return selection;
}

/** Whether the epoch, from 1, ends with a measurement. */
export function isMeasured(
  epoch: number,
  epochs: number,
  evaluation: EvaluationPlan | null | undefined,
): boolean {
  return !!evaluation && (epoch % evaluation.everyEpochs === 0 || epoch === epochs);
}

/** How many epochs after this one end with a measurement. */
export function measurementsAfter(
  epoch: number,
  epochs: number,
  evaluation: EvaluationPlan | null | undefined,
): number {
  let count = 0;
  for (let e = epoch + 1; e <= epochs; e++) if (isMeasured(e, epochs, evaluation)) count += 1;
  return count;
}
