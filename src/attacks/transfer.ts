// Attacks that do not look at their victim: examples made on another model, and logits scaled while they are made.
import { ReatError } from "../errors.js";
import type { Tensor } from "../tensor/index.js";
import type { Attack } from "./attack.js";
import type { Classifier } from "./classifier.js";

/**
 * Makes the examples on `source`, whatever model is attacked. Against a robust model this should be the weaker
 * attack; where it is the stronger one, the white-box gradients are not to be trusted.
 * @param name Default: "transfer-" and the attack's name
 */
export function transferAttack(source: Classifier, attack: Attack, name = `transfer-${attack.name}`): Attack {
  return {
    name,
    perturb: (_victim, images, labels, generator) => attack.perturb(source, images, labels, generator),
  };
}

/**
 * The attack on factor · logits: the adaptive answer to gradients that vanish in a saturated or an almost flat softmax.
 * Attacks on margins without a scale (dlr, FAB) do not change.
 * @param factor finite, > 0
 * @throws ReatError `config`
 */
export function withScaledLogits(attack: Attack, factor: number, name = `${attack.name}-x${factor}`): Attack {
  if (!(factor > 0 && Number.isFinite(factor))) {
    throw new ReatError(
      "config",
      `The logit factor of attack ${name} must be a finite number > 0, got ${factor}.`,
    );
  }
  return {
    ...attack,
    name,
    perturb: (model, images, labels, generator) =>
      attack.perturb(scaled(model, factor), images, labels, generator),
  };
}

function scaled(model: Classifier, factor: number): Classifier {
  return {
    logits: (images) => model.logits(images).mul(factor),
    ...(model.fastLogits && { fastLogits: (images: Tensor) => model.fastLogits!(images).mul(factor) }),
  };
}
