// Losses for long-tailed recognition by name: each binds the class counts and compares logits with labels.
import { ReatError } from "../errors.js";
import { balancedSoftmaxLoss } from "./balanced-softmax.js";
import type { ClassConstant } from "./class-constant.js";
import { effectiveNumberWeights } from "./class-weights.js";
import { crossEntropyLoss } from "./cross-entropy.js";
import { focalLoss } from "./focal.js";
import { ldamLoss } from "./ldam.js";
import { classTemperatureLoss, logitAdjustmentLoss } from "./logit-shapes.js";
import type { EpochLoss, LossFunction, LossReduction } from "./loss-function.js";
import {
  type LossOptions,
  type RecognitionLossName,
  recognitionLossNames,
  resolveLoss,
} from "./loss-options.js";
import { rebalancedLoss } from "./rebalancing.js";

/** A loss that trains the model: its value is a scalar. */
export type RecognitionLoss = EpochLoss;

/** What is laid over a loss of labels, whichever it is. */
export interface LossShaping {
  /** Share s of the target that is spread over all classes: 1 − s + s/C on the label, s/C on every other class. From 0 to below 1. Default: 0. */
  readonly labelSmoothing?: number;
  /** Factor of the loss of each class's samples; the mean stays that over the samples. Absent: 1 for all. */
  readonly classWeights?: ClassConstant | null;
}

/**
 * A loss bound to the training set's class counts; with reduction "none" it can drive an attack.
 * @param loss a name, which stands for the papers' constants, or a name with constants
 * @throws ReatError `config` for an unknown name, impossible counts or constants, or a focal loss of smoothed labels
 */
export function recognitionLoss(
  loss: RecognitionLossName | LossOptions,
  classCounts: readonly number[],
  reduction: LossReduction = "mean",
  { labelSmoothing = 0, classWeights = null }: LossShaping = {},
): EpochLoss {
  if (classWeights && reduction === "mean") {
    const samples = recognitionLoss(loss, classCounts, "none", { labelSmoothing });
    return Object.assign(
      weightedMean(samples, classWeights),
      samples.beginEpoch && { beginEpoch: samples.beginEpoch },
    );
  }
  const name = typeof loss === "string" ? loss : loss.name;
  if (!recognitionLossNames.includes(name)) {
    throw new ReatError(
      "config",
      `There is no loss "${name}": choose one of ${recognitionLossNames.join(", ")}.`,
    );
  }
  if (!(labelSmoothing >= 0 && labelSmoothing < 1)) {
    throw new ReatError("config", `Label smoothing must be from 0 to below 1, got ${labelSmoothing}.`);
  }
  const options = resolveLoss(loss);
  if (options === "ce") return crossEntropyLoss(reduction, labelSmoothing);
  if (options === "bsl") return balancedSoftmaxLoss(classCounts, reduction, labelSmoothing);
  switch (options.name) {
    case "focal":
      if (labelSmoothing > 0) {
        throw new ReatError(
          "config",
          "The focal loss weighs a sample by the probability of its one label, so labels cannot be smoothed with it; accepted with it: label smoothing 0.",
        );
      }
      return focalLoss(options, reduction);
    case "effective-number":
      return rebalancedLoss(effectiveNumberWeights(classCounts, options.beta), { reduction, labelSmoothing });
    case "ldam":
      return ldamLoss(options, classCounts, reduction, labelSmoothing);
    case "logit-adjustment":
      return logitAdjustmentLoss(options, classCounts, reduction, labelSmoothing);
    case "class-temperature":
      return classTemperatureLoss(options, classCounts, reduction, labelSmoothing);
  }
}

/** The mean over the samples of w_y times their losses. */
export function weightedMean(samples: LossFunction, weights: ClassConstant): LossFunction {
  return (logits, labels) => {
    const values = samples(logits, labels);
    return values.mul(weights.like(values).indexSelect(0, labels)).mean();
  };
}
