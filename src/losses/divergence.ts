// The Kullback–Leibler divergence between the predictions of two batches of logits.
import type { Tensor } from "../tensor/index.js";

/** Options of `predictionDivergence`. */
export interface DivergenceOptions {
  /** Added to the second distribution before its logarithm, as some released codes do. Default: 0. */
  readonly floor?: number;
}

/**
 * Σ_k p_k (log p_k − log q_k) of each sample [N], with p and q the softmax of the two batches of logits [N,C].
 * The gradient goes through both.
 */
export function predictionDivergence(
  from: Tensor,
  to: Tensor,
  { floor = 0 }: DivergenceOptions = {},
): Tensor {
  const logQ = floor === 0 ? to.logSoftmax(1) : to.softmax(1).add(floor).log();
  return from.softmax(1).mul(from.logSoftmax(1).sub(logQ)).sum(1);
}
