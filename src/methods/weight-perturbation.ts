// AWP (Wu et al. 2020): the loss is taken where the weights are worst within a small relative distance.
import { z } from "zod";
import { fraction } from "../fraction.js";
import type { ImageClassifier } from "../nn/index.js";
import { gradOrNull, keep, noGrad, scope, type Tensor } from "../tensor/index.js";

/** Bounds the norm of a direction from below, as in the released code. */
const tiny = 1e-20;

/** Options of adversarial weight perturbation, around any method. */
export const weightPerturbationOptions = z.strictObject({
  gamma: fraction({ above: 0 }).default(0.01).meta({
    help: "size γ of the perturbation, relative to each weight's norm: 0.01 with PGD-AT, 0.005 with TRADES",
  }),
  from: z.int().min(1).default(1).meta({ help: "first epoch with perturbed weights" }),
});
/** Resolved options of adversarial weight perturbation. */
export type WeightPerturbationOptions = z.output<typeof weightPerturbationOptions>;

/**
 * Moves every weight w of two or more dimensions by γ·‖w‖·g/‖g‖ up its gradient g (section 4.2). Biases and norms stay.
 * The gradient is taken in mode "batch", so that running statistics move with the real step alone.
 * NOTE(official-code): the published loop finds the direction by an SGD step of a copied network; it is the same one.
 * @param loss scalar [] with its graph, of the unmoved weights
 * @returns a function that moves the weights back, to be called after the optimiser's step, once
 */
export function perturbWeights(model: ImageClassifier, gamma: number, loss: () => Tensor): () => void {
  return scope(() =>
    moveWeights(model, gamma, gradOrNull(model.withMode("batch", loss), model.parameters())),
  );
}

/**
 * The move of {@link perturbWeights} along gradients that are there already.
 * @param gradients of the model's parameters, in their order and each of its parameter's shape [..., N]; null where there is none
 * @returns as {@link perturbWeights}
 */
export function moveWeights(
  model: ImageClassifier,
  gamma: number,
  gradients: readonly (Tensor | null)[],
): () => void {
  const weights = model.parameters();
  const moves = noGrad(() =>
    scope(() =>
      weights.map((weight, index) => {
        const gradient = gradients[index];
        if (!gradient || weight.shape.length < 2) return null;
        const length = weight.norm(2).div(gradient.norm(2).add_(tiny)).mul_(gamma);
        return keep(gradient.mul(length));
      }),
    ),
  );
  const move = (sign: number) =>
    noGrad(() => {
      for (const [index, weight] of weights.entries()) {
        const by = moves[index];
        if (by) weight.addScaled_(by, sign);
      }
    });
  move(1);
  return () => {
    move(-1);
    for (const by of moves) by?.dispose();
  };
}
