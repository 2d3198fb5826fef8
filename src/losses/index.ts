// Losses: long-tailed recognition, re-weighting of adversarial example generation, feature regularisers.

export { balancedSoftmaxLoss } from "./balanced-softmax.js";
export { ClassConstant, owningConstants } from "./class-constant.js";
export { tailClasses } from "./class-counts.js";
export { effectiveNumberWeights, inverseFrequencyWeights } from "./class-weights.js";
export { crossEntropyLoss } from "./cross-entropy.js";
export { type DivergenceOptions, predictionDivergence } from "./divergence.js";
export { type FocalOptions, focalLoss } from "./focal.js";
export { type LdamOptions, ldamLoss, ldamMargins } from "./ldam.js";
export { classTemperatureLoss, logitAdjustmentLoss } from "./logit-shapes.js";
export type { EpochLoss, LossFunction, LossReduction } from "./loss-function.js";
export {
  type LossOptions,
  lossOptions,
  type RecognitionLossName,
  recognitionLossNames,
  resolveLoss,
} from "./loss-options.js";
export {
  type RblRounding,
  type RebalancedLoss,
  type RebalancingForm,
  type RebalancingOptions,
  rblWeights,
  rebalancedLoss,
} from "./rebalancing.js";
export { type LossShaping, type RecognitionLoss, recognitionLoss, weightedMean } from "./recognition.js";
export { type FeatureRegulariser, type TailForm, type TailOptions, tailRegulariser } from "./tail.js";
