// Losses: long-tailed recognition, re-weighting of adversarial example generation, feature regularisers.

export { balancedSoftmaxLoss } from "./balanced-softmax.js";
export { type TailStart, tailClasses, tailStart } from "./class-counts.js";
export { crossEntropyLoss } from "./cross-entropy.js";
export {
  type RblRounding,
  type RebalancingForm,
  type RebalancingOptions,
  rblWeights,
  rebalancedLoss,
} from "./rebalancing.js";
export {
  type LossFunction,
  type LossReduction,
  type RecognitionLoss,
  type RecognitionLossName,
  recognitionLoss,
  recognitionLossNames,
} from "./recognition.js";
export { type FeatureRegulariser, type TailForm, type TailOptions, tailRegulariser } from "./tail.js";
