// Cross entropy of logits that are shifted or tempered class by class.
import { crossEntropy } from "../tensor/index.js";
import { ClassConstant } from "./class-constant.js";
import { checkClassCounts } from "./class-counts.js";
import type { LossFunction, LossReduction } from "./loss-function.js";

/**
 * Logit-adjusted loss (Menon et al. 2021, equation 10): CE of z + τ·log π with the priors π_k = n_k/Σn. With τ = 1 it
 * equals balanced softmax.
 */
export function logitAdjustmentLoss(
  { tau }: { readonly tau: number },
  classCounts: readonly number[],
  reduction: LossReduction = "mean",
  labelSmoothing = 0,
): LossFunction {
  checkClassCounts(classCounts);
  const total = classCounts.reduce((sum, count) => sum + count, 0);
  const shift = new ClassConstant(classCounts.map((count) => tau * Math.log(count / total)));
  return (logits, labels) =>
    crossEntropy(logits.add(shift.like(logits)), labels, { reduction, labelSmoothing });
}

/**
 * Class-dependent temperatures (Ye et al. 2020, equation 3): CE of z_k/a_k with a_k = (n_max/n_k)^γ, so that logits of
 * small classes must grow larger in training. Inference uses z.
 */
export function classTemperatureLoss(
  { gamma }: { readonly gamma: number },
  classCounts: readonly number[],
  reduction: LossReduction = "mean",
  labelSmoothing = 0,
): LossFunction {
  checkClassCounts(classCounts);
  const largest = Math.max(...classCounts);
  const inverse = new ClassConstant(classCounts.map((count) => (count / largest) ** gamma));
  return (logits, labels) =>
    crossEntropy(logits.mul(inverse.like(logits)), labels, { reduction, labelSmoothing });
}
