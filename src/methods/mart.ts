// MART (Wang et al. 2020): a boosted loss on adversarial examples, and a divergence weighted by how wrong the model is.
import { z } from "zod";
import { fraction } from "../fraction.js";
import { type LossFunction, lossOptions, predictionDivergence, recognitionLoss } from "../losses/index.js";
import type { Tensor } from "../tensor/index.js";
import { modifierShape } from "./assemble-method.js";
import { contradictoryLoss } from "./contradictory-loss.js";
import { defineMethod } from "./method-entry.js";
import { craft, trainingAttack, trainingAttackOptions } from "./training-attack.js";

/** Options of MART. */
export const martOptions = z.strictObject({
  name: z.literal("mart"),
  loss: lossOptions.prefault("ce").meta({ help: "the first half of the boosted loss" }),
  lambda: fraction({ min: 0 }).default(5).meta({ help: "weight λ of the divergence" }),
  attack: trainingAttackOptions({ start: "gaussian" })
    .prefault({})
    .meta({ help: "how training examples are made" }),
  ...modifierShape,
});
/** MART's resolved options. */
export type MartOptions = z.output<typeof martOptions>;

// The released code's guards against log 0, and against a weight of exactly 0.
const [floor, one, oneForWeights] = [1e-12, 1.0001, 1.0000001];

/**
 * BCE: the loss on the adversarial logits − mean log(1 − max_{k≠y} p_k) (equation 8).
 * @param adversarial logits [N, C]; @param labels int64 [N]; @param recognition the loss, which returns a single number
 */
export function boostedLoss(adversarial: Tensor, labels: Tensor, recognition: LossFunction): Tensor {
  const others = adversarial.softmax(1).scatter(1, labels.unsqueeze(1), 0);
  const margin = others.amax([1]).neg().add(one).add(floor).log().mean();
  return recognition(adversarial, labels).sub(margin);
}

/**
 * λ · mean (1 − p_clean,y) · KL(p_clean ‖ p_adv) (equation 10).
 * @param clean, adversarial logits [N, C]; @param labels int64 [N]; @param lambda at least 0
 */
export function martRegulariser(clean: Tensor, adversarial: Tensor, labels: Tensor, lambda: number): Tensor {
  const sure = clean.softmax(1).gather(1, labels.unsqueeze(1)).squeeze(1);
  const divergence = predictionDivergence(clean, adversarial, { floor });
  return sure.neg().add(oneForWeights).mul(divergence).mean().mul(lambda);
}

export const mart = defineMethod<MartOptions>({
  title: "MART",
  schema: martOptions,
  description: "a boosted loss on PGD examples, and a divergence weighted by the clean images' mistakes",
  paper: "Wang et al., ICLR 2020, OpenReview rklOg6EFwS",
  example: { method: { attack: { epsilon: "8/255", stepSize: "2/255" } } },
  released: {
    repository: "YisenWang/MART",
    preset: "released-mart",
    summary: "ResNet-18, 120 epochs, learning rate 0.01, weight decay 3.5e-3, steps of 0.007 within 0.031",
  },
  recipe({ loss: lossName, lambda, attack: options }, { classCounts, shaping }) {
    const recognition = recognitionLoss(lossName, classCounts, "mean", shaping);
    const attack = trainingAttack(options, recognitionLoss("ce", classCounts, "none"));
    return {
      warnings: contradictoryLoss("mart", lossName),
      beginEpoch(epoch) {
        recognition.beginEpoch?.(epoch);
        return {};
      },
      examples: (batch, context) => craft(attack, options.batchNorm, batch, context),
      loss({ images, labels }, adversarial, { model }) {
        const clean = model.logits(images);
        const adversarialLogits = model.logits(adversarial ?? images);
        const boosted = boostedLoss(adversarialLogits, labels, recognition);
        const divergence = martRegulariser(clean, adversarialLogits, labels, lambda);
        return {
          loss: boosted.add(divergence),
          adversarialLogits,
          cleanLogits: clean,
          terms: { recognition: boosted.detach(), divergence: divergence.detach() },
        };
      },
    };
  },
});
