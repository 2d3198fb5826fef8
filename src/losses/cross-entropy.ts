// Plain cross entropy.
import { crossEntropy, type Tensor } from "../tensor/index.js";
import type { LossFunction, LossReduction } from "./loss-function.js";

/** −log softmax(z)_y. */
export function crossEntropyLoss(reduction: LossReduction = "mean", labelSmoothing = 0): LossFunction {
  return (logits: Tensor, labels: Tensor) => crossEntropy(logits, labels, { reduction, labelSmoothing });
}
