// Balanced softmax: cross entropy of the logits shifted by the log class counts.
import { crossEntropy, type Tensor } from "../tensor/index.js";
import { ClassConstant } from "./class-constant.js";
import { checkClassCounts } from "./class-counts.js";
import type { LossFunction, LossReduction } from "./loss-function.js";

/** Cross entropy of z + log n (Ren et al. 2020, equation 4), with n the training images of each class. */
export function balancedSoftmaxLoss(
  classCounts: readonly number[],
  reduction: LossReduction = "mean",
  labelSmoothing = 0,
): LossFunction {
  checkClassCounts(classCounts);
  const logCounts = new ClassConstant(classCounts.map(Math.log));
  return (logits: Tensor, labels: Tensor) =>
    crossEntropy(logits.add(logCounts.like(logits)), labels, { reduction, labelSmoothing });
}
