// Focal loss: cross entropy that gives less weight to samples the model is already sure of.
import { crossEntropy, oneHot, operator, type Tensor } from "../tensor/index.js";
import type { LossFunction, LossReduction } from "./loss-function.js";

const logSigmoid = operator("log_sigmoid");

/** Options of `focalLoss`. */
export interface FocalOptions {
  /** Exponent γ: 0 is the unfocused loss. */
  readonly gamma: number;
  /** "softmax": over the label's probability; "sigmoid": each class by itself, summed over classes. */
  readonly form: "softmax" | "sigmoid";
  /** Factor of the whole loss; RoBal's code uses ½ with the softmax form. */
  readonly factor: number;
}

/**
 * Lin et al. 2017, equation 4. "softmax": (1 − p_y)^γ · CE; "sigmoid": Σ_k −(1 − q_k)^γ log q_k with q_k = σ(z_k) for
 * the label and σ(−z_k) for every other class. The mean is over samples.
 */
export function focalLoss(options: FocalOptions, reduction: LossReduction = "mean"): LossFunction {
  const { gamma, form, factor } = options;
  const rows = form === "softmax" ? softmaxRows : sigmoidRows;
  return (logits, labels) => {
    const values = rows(logits, labels, gamma);
    return (reduction === "mean" ? values.mean() : values).mul(factor);
  };
}

function softmaxRows(logits: Tensor, labels: Tensor, gamma: number): Tensor {
  const ce = crossEntropy(logits, labels, { reduction: "none" });
  return ce.neg().exp().neg().add(1).pow(gamma).mul(ce);
}

function sigmoidRows(logits: Tensor, labels: Tensor, gamma: number): Tensor {
  const sign = oneHot(labels, logits.shape[1]!).to(logits.dtype).mul(2).sub(1);
  const signed = logits.mul(sign);
  return signed.neg().sigmoid().pow(gamma).mul(logSigmoid(signed)).sum(1).neg();
}
