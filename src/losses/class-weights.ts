// Static class weights from class counts: inverse frequency, its square root, effective number.
import { ReatError } from "../errors.js";
import { checkClassCounts } from "./class-counts.js";

function normalised(weights: readonly number[]): number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => (weight / total) * weights.length);
}

/**
 * w_k ∝ n_k^−power, scaled to sum to the number of classes: power 1 is RW, power ½ is RWS.
 * @throws ReatError `config` for impossible counts
 */
export function inverseFrequencyWeights(classCounts: readonly number[], power: number): number[] {
  checkClassCounts(classCounts);
  return normalised(classCounts.map((count) => count ** -power));
}

/**
 * w_k ∝ (1 − β)/(1 − β^{n_k}), the inverse effective number of samples (Cui et al. 2019, equation 3), scaled to sum to
 * the number of classes.
 * @param beta from 0 (all classes alike) to below 1 (inverse frequency in the limit)
 * @throws ReatError `config` for impossible counts or β
 */
export function effectiveNumberWeights(classCounts: readonly number[], beta = 0.9999): number[] {
  checkClassCounts(classCounts);
  if (!(beta >= 0 && beta < 1)) {
    throw new ReatError("config", `The effective number's beta must be from 0 to below 1, got ${beta}.`);
  }
  return normalised(classCounts.map((count) => (1 - beta) / (1 - beta ** count)));
}
