// TAET (Wang et al. 2025): clean training first, then an adversarial loss that levels the classes.
import { z } from "zod";
import { fraction } from "../fraction.js";
import { type LossShaping, recognitionLoss } from "../losses/index.js";
import { crossEntropy, oneHot, type Tensor } from "../tensor/index.js";
import { modifierShape } from "./assemble-method.js";
import type { MethodWarning } from "./method.js";
import { defineMethod } from "./method-entry.js";
import { craft, trainingAttack, trainingAttackOptions } from "./training-attack.js";

/** Options of TAET. */
export const taetOptions = z.strictObject({
  name: z.literal("taet"),
  cleanEpochs: z
    .int()
    .min(0)
    .default(40)
    .meta({ help: "epochs of cross entropy on clean images before the second stage" }),
  alpha: fraction({ min: 0 }).default(0.1).meta({ help: "weight α of the mean of the classes' losses" }),
  beta: fraction({ min: 0 }).default(0.1).meta({ help: "weight β of their variance" }),
  gamma: fraction({ min: 0 }).default(0.1).meta({ help: "weight γ of the sum of their squared shares" }),
  attack: trainingAttackOptions({ start: "gaussian" })
    .prefault({})
    .meta({ help: "how training examples are made" }),
  ...modifierShape,
});
/** TAET's resolved options. */
export type TaetOptions = z.output<typeof taetOptions>;

// The released code's guards against classes without samples and against a loss of 0.
const tiny = 1e-10;

function sampleLosses(
  logits: Tensor,
  labels: Tensor,
  { labelSmoothing = 0, classWeights = null }: LossShaping = {},
): Tensor {
  const ce = crossEntropy(logits, labels, { reduction: "none", labelSmoothing });
  return classWeights ? ce.mul(classWeights.like(ce).indexSelect(0, labels)) : ce;
}

/**
 * HARL: α·mean_c L_c + β·mean_c (L_c − mean L)² + γ·Σ_c (L_c/ΣL)², with L_c the mean cross entropy of the samples of
 * class c, 0 for a class that the batch lacks.
 * @param logits [N, C]; @param labels int64 [N]
 * @returns a single number
 */
export function harl(
  logits: Tensor,
  labels: Tensor,
  { alpha, beta, gamma }: Pick<TaetOptions, "alpha" | "beta" | "gamma">,
  shaping?: LossShaping,
): Tensor {
  const ce = sampleLosses(logits, labels, shaping);
  const members = oneHot(labels, logits.shape[1]!).to(logits.dtype);
  const classLosses = members
    .mul(ce.unsqueeze(1))
    .sum([0])
    .div(members.sum([0]).add(tiny));
  const mean = classLosses.mean();
  const variance = classLosses.sub(mean).pow(2).mean();
  const concentration = classLosses.div(classLosses.sum().add(tiny)).pow(2).sum();
  return mean.mul(alpha).add(variance.mul(beta)).add(concentration.mul(gamma));
}

function neverAdversarial(cleanEpochs: number, epochs: number): MethodWarning {
  return {
    name: "taet-stays-clean",
    message: `method.cleanEpochs ${cleanEpochs} leaves none of ${epochs} epochs for adversarial training: the run is one of plain cross entropy; choose fewer clean epochs.`,
  };
}

export const taet = defineMethod<TaetOptions>({
  title: "TAET",
  schema: taetOptions,
  description: "clean training first, then a loss on PGD examples that levels the classes (HARL)",
  paper: "Wang et al., CVPR 2025, arXiv 2503.01924",
  example: { method: { attack: { epsilon: "8/255", stepSize: "2/255" } } },
  released: {
    repository: "BuhuiOK/TAET",
    preset: "released-taet",
    summary:
      "100 epochs, the first 40 clean, steps of 0.003 within 0.031; its ResNet-50 at 224 pixels is left out",
  },
  recipe({ cleanEpochs, attack: options, ...weights }, { classCounts, epochs, shaping }) {
    const recognition = recognitionLoss("ce", classCounts, "mean", shaping);
    const attack = trainingAttack(options, recognitionLoss("ce", classCounts, "none"));
    let isClean = cleanEpochs > 0;
    return {
      warnings: epochs !== undefined && cleanEpochs >= epochs ? [neverAdversarial(cleanEpochs, epochs)] : [],
      beginEpoch(epoch) {
        isClean = epoch <= cleanEpochs;
        return { stage: isClean ? "clean" : "adversarial" };
      },
      examples: (batch, context) => (isClean ? null : craft(attack, options.batchNorm, batch, context)),
      loss({ images, labels }, adversarial, { model }) {
        const logits = model.logits(adversarial ?? images);
        const loss = adversarial ? harl(logits, labels, weights, shaping) : recognition(logits, labels);
        const adversarialLogits = adversarial ? logits : null;
        return { loss, adversarialLogits, terms: { recognition: loss.detach() } };
      },
    };
  },
});
