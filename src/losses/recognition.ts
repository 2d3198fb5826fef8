// Losses for long-tailed recognition by name: each binds the class counts and compares logits with labels.
import { ReatError } from "../errors.js";
import { balancedSoftmaxLoss } from "./balanced-softmax.js";
import { effectiveNumberWeights } from "./class-weights.js";
import { crossEntropyLoss } from "./cross-entropy.js";
import { focalLoss } from "./focal.js";
import { ldamLoss } from "./ldam.js";
import { classTemperatureLoss, logitAdjustmentLoss } from "./logit-shapes.js";
import type { EpochLoss, LossReduction } from "./loss-function.js";
import {
  type LossOptions,
  type RecognitionLossName,
  recognitionLossNames,
  resolveLoss,
} from "./loss-options.js";
import { rebalancedLoss } from "./rebalancing.js";

/** A loss that trains the model: its value is a scalar. */
export type RecognitionLoss = EpochLoss;

/**
 * A loss bound to the training set's class counts; with reduction "none" it can drive an attack.
 * @param loss a name, which stands for the papers' constants, or a name with constants
 * @throws ReatError `config` for an unknown name, impossible counts or constants
 */
export function recognitionLoss(
  loss: RecognitionLossName | LossOptions,
  classCounts: readonly number[],
  reduction: LossReduction = "mean",
): EpochLoss {
  const name = typeof loss === "string" ? loss : loss.name;
  if (!recognitionLossNames.includes(name)) {
    throw new ReatError(
      "config",
      `There is no loss "${name}": choose one of ${recognitionLossNames.join(", ")}.`,
    );
  }
  const options = resolveLoss(loss);
  if (options === "ce") return crossEntropyLoss(reduction);
  if (options === "bsl") return balancedSoftmaxLoss(classCounts, reduction);
  switch (options.name) {
    case "focal":
      return focalLoss(options, reduction);
    case "effective-number":
      return rebalancedLoss(effectiveNumberWeights(classCounts, options.beta), { reduction });
    case "ldam":
      return ldamLoss(options, classCounts, reduction);
    case "logit-adjustment":
      return logitAdjustmentLoss(options, classCounts, reduction);
    case "class-temperature":
      return classTemperatureLoss(options, classCounts, reduction);
  }
}
