// What an attack maximises: one number per sample, computed from logits and labels. Any loss without reduction is one.
import { crossEntropy, type Tensor } from "../tensor/index.js";

/** Maps logits [N, C] and labels (int64 [N]) to one value per sample [N], which the attack raises. */
export type AttackObjective = (logits: Tensor, labels: Tensor) => Tensor;

/** Cross entropy, the objective of PGD. */
export const crossEntropyObjective: AttackObjective = (logits, labels) =>
  crossEntropy(logits, labels, { reduction: "none" });

/** Carlini and Wagner's margin without a confidence: max over k ≠ y of z_k − z_y. Needs at least two classes. */
export const marginObjective: AttackObjective = (logits, labels) => {
  const index = labels.unsqueeze(1);
  const strongestOther = logits.scatter(1, index, Number.NEGATIVE_INFINITY).amax(1);
  return strongestOther.sub(logits.gather(1, index).squeeze(1));
};

/** The objective of factor · z: against gradients that vanish in a saturated softmax (the adaptive attack, factor 10). */
export function withLogitScale(objective: AttackObjective, factor: number): AttackObjective {
  return (logits, labels) => objective(logits.mul(factor), labels);
}
