// Losses for long-tailed recognition by name: each binds the class counts and compares logits with labels.
import { ReatError } from "../errors.js";
import type { Tensor } from "../tensor/index.js";
import { balancedSoftmaxLoss } from "./balanced-softmax.js";
import { crossEntropyLoss } from "./cross-entropy.js";

/** "mean" over the batch gives a scalar, "none" one value a sample [N]. */
export type LossReduction = "mean" | "none";

/** Logits [N,C] and labels (int64 [N]) to a scalar or, with reduction "none", to [N]. */
export type LossFunction = (logits: Tensor, labels: Tensor) => Tensor;

/** A loss that trains the model: a scalar. */
export type RecognitionLoss = LossFunction;

type LossFactory = (classCounts: readonly number[], reduction: LossReduction) => LossFunction;

const losses = {
  ce: (_classCounts, reduction) => crossEntropyLoss(reduction),
  bsl: balancedSoftmaxLoss,
} satisfies Record<string, LossFactory>;

/** "ce": cross entropy; "bsl": balanced softmax. */
export type RecognitionLossName = keyof typeof losses;

/** All names `recognitionLoss` takes. */
export const recognitionLossNames = Object.keys(losses) as readonly RecognitionLossName[];

/**
 * A loss bound to the training set's class counts; with reduction "none" it can drive an attack.
 * @throws ReatError `config` for an unknown name or impossible counts
 */
export function recognitionLoss(
  name: RecognitionLossName,
  classCounts: readonly number[],
  reduction: LossReduction = "mean",
): LossFunction {
  if (!Object.hasOwn(losses, name)) {
    throw new ReatError(
      "config",
      `There is no loss "${name}": choose one of ${recognitionLossNames.join(", ")}.`,
    );
  }
  return losses[name](classCounts, reduction);
}
