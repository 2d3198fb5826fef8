// LDAM: label-distribution-aware margins, optionally with class weights from a later epoch on.
import { crossEntropy } from "../tensor/index.js";
import { ClassConstant } from "./class-constant.js";
import { checkClassCounts } from "./class-counts.js";
import { effectiveNumberWeights } from "./class-weights.js";
import type { EpochLoss, LossReduction } from "./loss-function.js";

/** Options of `ldamLoss`. */
export interface LdamOptions {
  /** Margin Δ of the smallest class, > 0. */
  readonly maxMargin: number;
  /** Factor s of all logits after the margin, > 0. */
  readonly scale: number;
  /** First epoch (from 1) in which classes are weighted by their effective number (DRW); null: never. */
  readonly reweightFrom: number | null;
  /** β of these weights. */
  readonly beta: number;
}

/** Δ_k = maxMargin · n_k^{−1/4} / max_j n_j^{−1/4} (Cao et al. 2019, equation 13). */
export function ldamMargins(classCounts: readonly number[], maxMargin: number): number[] {
  checkClassCounts(classCounts);
  const raw = classCounts.map((count) => count ** -0.25);
  const largest = Math.max(...raw);
  return raw.map((margin) => (maxMargin * margin) / largest);
}

/** CE of s·(z − Δ_y·e_y); from epoch `reweightFrom` on the weighted mean under effective-number weights (DRW). */
export function ldamLoss(
  options: LdamOptions,
  classCounts: readonly number[],
  reduction: LossReduction = "mean",
  labelSmoothing = 0,
): EpochLoss {
  const { maxMargin, scale, reweightFrom, beta } = options;
  const margins = new ClassConstant(ldamMargins(classCounts, maxMargin));
  const weights = new ClassConstant(effectiveNumberWeights(classCounts, beta));
  let weighted = false;
  const loss: EpochLoss = (logits, labels) => {
    const margin = margins.like(logits).indexSelect(0, labels).unsqueeze(1);
    const lowered = logits.scatterAdd(1, labels.unsqueeze(1), margin.neg());
    const weight = weighted ? weights.like(logits) : undefined;
    return crossEntropy(lowered.mul(scale), labels, { weight, reduction, labelSmoothing });
  };
  loss.beginEpoch = (epoch) => {
    weighted = reweightFrom !== null && epoch >= reweightFrom;
  };
  return loss;
}
