// What an attack maximises: one number a sample, computed from logits and labels.
import { crossEntropy, type Tensor } from "../tensor/index.js";

/**
 * Maps logits [N, C] and labels (int64 [N]) to one value a sample [N], which the attack drives up.
 * Tensors that an objective is built from stay their owner's to dispose.
 */
export type AttackObjective = (logits: Tensor, labels: Tensor) => Tensor;

/** Cross entropy, the objective of PGD. */
export const crossEntropyObjective: AttackObjective = (logits, labels) =>
  crossEntropy(logits, labels, { reduction: "none" });

/** Carlini and Wagner's margin without a confidence: max over k ≠ y of z_k − z_y. Needs two classes at least. */
export const marginObjective: AttackObjective = (logits, labels) => {
  const index = labels.unsqueeze(1);
  const strongestOther = logits.scatter(1, index, Number.NEGATIVE_INFINITY).amax(1);
  return strongestOther.sub(logits.gather(1, index).squeeze(1));
};

/** The objective of factor · z: against gradients that vanish in a saturated softmax (the adaptive attack, factor 10). */
export function withLogitScale(objective: AttackObjective, factor: number): AttackObjective {
  return (logits, labels) => objective(logits.mul(factor), labels);
}

/**
 * The objective of z + offset [C]. Cross entropy with offset log n is balanced softmax (BRW); with τ·log ω it is the
 * logit form of REAT's re-balancing.
 */
export function withLogitOffset(objective: AttackObjective, offset: Tensor): AttackObjective {
  return (logits, labels) => objective(logits.add(offset), labels);
}

/**
 * The objective times the weight [C] of the sample's own class (RBL, RW, RWS, ENR). A positive weight changes neither
 * the sign nor the direction of a sample's own gradient: it acts only where batch normalisation couples the samples.
 */
export function withClassWeights(objective: AttackObjective, weights: Tensor): AttackObjective {
  return (logits, labels) => objective(logits, labels).mul(weights.indexSelect(0, labels));
}
