// TRADES (Zhang et al. 2019): clean accuracy, and predictions that do not move under the worst perturbation.
import { z } from "zod";
import { fraction } from "../fraction.js";
import { lossOptions, predictionDivergence, recognitionLoss } from "../losses/index.js";
import { noGrad, type Tensor } from "../tensor/index.js";
import { modifierShape } from "./assemble-method.js";
import { contradictoryLoss } from "./contradictory-loss.js";
import { defineMethod } from "./method-entry.js";
import { batchNormMode, craft, trainingAttack, trainingAttackOptions } from "./training-attack.js";

/** Options of TRADES. */
export const tradesOptions = z.strictObject({
  name: z.literal("trades"),
  loss: lossOptions.prefault("ce").meta({ help: "the loss on the clean images" }),
  beta: fraction({ min: 0 }).default(6).meta({ help: "weight β of the divergence" }),
  // NOTE(official-code): the released loops make 2 passes, one for each term; the loss is the same.
  cleanPasses: z
    .union([z.literal(1), z.literal(2)])
    .default(1)
    .meta({
      help: "passes of the clean batch in each step; the released loops make 2, which moves running statistics once more",
    }),
  attack: trainingAttackOptions({ start: "gaussian" })
    .prefault({})
    .meta({ help: "how training examples are made" }),
  ...modifierShape,
});
/** TRADES's resolved options. */
export type TradesOptions = z.output<typeof tradesOptions>;

/**
 * β/N · Σ_i KL(p_clean ‖ p_adv) (equation 5; as in the released code, the gradient flows through both).
 * @param clean, adversarial logits [N, C]; @param beta at least 0
 */
export function tradesRegulariser(clean: Tensor, adversarial: Tensor, beta: number): Tensor {
  return predictionDivergence(clean, adversarial).mean().mul(beta);
}

/**
 * CFA's form with a weight β_i for each sample: mean (1 − b_i)·L_i and mean b_i·KL_i, with b_i = β_i/(1 + β_i) (Wei et al. 2023, arXiv 2303.14460; released code PKU-ML/CFA).
 * @param losses, divergences, betas [N]
 */
export function calibrated(
  losses: Tensor,
  divergences: Tensor,
  betas: Tensor,
): { natural: Tensor; divergence: Tensor } {
  const share = betas.div(betas.add(1));
  return {
    natural: losses.mul(share.neg().add(1)).mean(),
    divergence: divergences.mul(share).mean(),
  };
}

/** L(f(x), y) + β·KL(f(x) ‖ f(x_adv)), with x_adv from PGD on the divergence. */
export const trades = defineMethod<TradesOptions>({
  title: "TRADES",
  schema: tradesOptions,
  description: "a loss on clean images, and the divergence between clean and adversarial predictions",
  paper: "Zhang et al., ICML 2019, arXiv 1901.08573",
  example: { method: { attack: { epsilon: "8/255", stepSize: "2/255" } } },
  released: {
    repository: "yaodongyu/TRADES",
    preset: "released-trades",
    summary: "WideResNet-34-10, 80 epochs, weight decay 2e-4, steps of 0.007 within 0.031",
  },
  recipe({ loss: lossName, beta, cleanPasses, attack }, { classCounts, shaping }) {
    const recognition = recognitionLoss(lossName, classCounts, "mean", shaping);
    const samples = recognitionLoss(lossName, classCounts, "none", shaping);
    return {
      warnings: contradictoryLoss("trades", lossName),
      beginEpoch(epoch) {
        recognition.beginEpoch?.(epoch);
        samples.beginEpoch?.(epoch);
        return {};
      },
      examples(batch, context) {
        const { model } = context;
        const mode = batchNormMode(attack.batchNorm);
        const clean = noGrad(() => model.withMode(mode, () => model.logits(batch.images)));
        const divergence = trainingAttack(attack, (logits) => predictionDivergence(clean, logits));
        return craft(divergence, attack.batchNorm, batch, context);
      },
      loss({ images, labels }, adversarial, { model, regularisation }) {
        // The order matters to running statistics alone.
        const adversarialLogits = model.logits(adversarial ?? images);
        const clean = model.logits(images);
        const forLabels = cleanPasses === 2 ? model.logits(images) : clean;
        const { natural, divergence } = regularisation
          ? calibrated(
              samples(forLabels, labels),
              predictionDivergence(clean, adversarialLogits),
              regularisation.mul(beta),
            )
          : {
              natural: recognition(forLabels, labels),
              divergence: tradesRegulariser(clean, adversarialLogits, beta),
            };
        return {
          loss: natural.add(divergence),
          adversarialLogits,
          cleanLogits: clean,
          terms: { recognition: natural.detach(), divergence: divergence.detach() },
        };
      },
    };
  },
});
