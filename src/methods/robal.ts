// RoBal (Wu et al. 2021): cosine classifier, class-aware margin and prior in the loss, a bias at inference.
import { z } from "zod";
import { ReatError } from "../errors.js";
import { fraction } from "../fraction.js";
import {
  ClassConstant,
  type LossFunction,
  type LossShaping,
  predictionDivergence,
  recognitionLoss,
  weightedMean,
} from "../losses/index.js";
import { crossEntropy, type Tensor } from "../tensor/index.js";
import { modifierShape } from "./assemble-method.js";
import { defineMethod } from "./method-entry.js";
import { craft, trainingAttack, trainingAttackOptions } from "./training-attack.js";

/** Options of RoBal; the defaults are variant R for CIFAR-10, see `robalVariants`. */
export const robalOptions = z.strictObject({
  name: z.literal("robal"),
  margin: fraction({ min: 0 }).default(0.1).meta({ help: "margin m of every class" }),
  scale: fraction({ above: 0 })
    .default(10)
    .meta({ help: "factor s of the cosines in the loss and at inference" }),
  tauPrior: fraction({ min: 0 }).default(1.5).meta({ help: "strength τ_b of the prior in the loss" }),
  tauMargin: fraction({ min: 0 })
    .default(0.3)
    .meta({ help: "strength τ_m of the margin that grows with the class" }),
  beta: fraction({ min: 0 })
    .default(6)
    .meta({ help: "weight of the divergence between clean and adversarial predictions" }),
  tauInference: fraction({ min: 0 })
    .default(0.1)
    .meta({ help: "strength τ_p of the prior that is taken off the logits at inference" }),
  attack: trainingAttackOptions({ start: "half-uniform", steps: 5 })
    .prefault({})
    .meta({ help: "how training examples are made" }),
  ...modifierShape,
});
/** RoBal's resolved options. */
export type RobalOptions = z.output<typeof robalOptions>;

/**
 * The released variants: R favours robustness, N natural accuracy. Each is laid over the defaults. cifar100-R also has a
 * classifier with γ = 1/16: `model.classifier` cosine:1/16.
 */
export const robalVariants = {
  "cifar10-R": {},
  "cifar10-N": { tauPrior: 1.2, tauMargin: 0 },
  "cifar100-R": { margin: 0.3, tauPrior: 0, tauMargin: 0, tauInference: 1.7 },
  "cifar100-N": { margin: 0.2, tauPrior: 0, tauMargin: 0, beta: 3, tauInference: 1.5 },
} as const satisfies Record<string, Partial<RobalOptions>>;

type MarginOptions = Pick<RobalOptions, "margin" | "scale" | "tauPrior" | "tauMargin">;

/** m + τ_m·log(n_y/n_min)/s of each class. */
export function robalMargins(classCounts: readonly number[], options: MarginOptions): number[] {
  const { margin, scale, tauMargin } = options;
  const smallest = Math.min(...classCounts);
  return classCounts.map((count) => margin + (tauMargin * Math.log(count / smallest)) / scale);
}

function logPrior(classCounts: readonly number[], tau: number): ClassConstant {
  const total = classCounts.reduce((sum, count) => sum + count, 0);
  return new ClassConstant(classCounts.map((count) => tau * Math.log(count / total)));
}

/** CE of s·(z − margin_y·e_y) + τ_b·log prior (equation 10), on cosines z. */
export function multiMarginLoss(
  classCounts: readonly number[],
  options: MarginOptions,
  { labelSmoothing = 0, classWeights = null }: LossShaping = {},
): LossFunction {
  const margins = new ClassConstant(robalMargins(classCounts, options));
  const prior = logPrior(classCounts, options.tauPrior);
  const reduction = classWeights ? "none" : "mean";
  const loss: LossFunction = (cosines, labels) => {
    const margin = margins.like(cosines).indexSelect(0, labels).unsqueeze(1);
    const lowered = cosines.scatterAdd(1, labels.unsqueeze(1), margin.neg());
    const logits = lowered.mul(options.scale).add(prior.like(cosines));
    return crossEntropy(logits, labels, { reduction, labelSmoothing });
  };
  return classWeights ? weightedMean(loss, classWeights) : loss;
}

/**
 * β/N · Σ p_clean (log p_clean − log(p_adv + 10⁻¹²)), with probabilities of the unscaled cosines.
 * @param clean, adversarial cosines [N, C]
 */
export function robalRegulariser(clean: Tensor, adversarial: Tensor, beta: number): Tensor {
  return predictionDivergence(clean, adversarial, { floor: 1e-12 }).mean().mul(beta);
}

/**
 * The rule of inference: s·z − τ_p·log prior (section 4.3).
 * @param classCounts training images of each class, [C]
 * @returns a function from cosines [N, C] to the logits [N, C] that classify
 */
export function robalInference(
  classCounts: readonly number[],
  { scale, tauInference }: Pick<RobalOptions, "scale" | "tauInference">,
): (cosines: Tensor) => Tensor {
  const prior = logPrior(classCounts, tauInference);
  return (cosines) => cosines.mul(scale).sub(prior.like(cosines));
}

export const robal = defineMethod<RobalOptions>({
  title: "RoBal",
  schema: robalOptions,
  description: "cosine classifier, class-aware margin and prior in the loss, logits corrected at inference",
  paper: "Wu et al., CVPR 2021, arXiv 2104.02703",
  example: { method: { attack: { epsilon: "8/255", stepSize: "2/255" } }, model: { classifier: "cosine" } },
  released: {
    repository: "wutong16/Adversarial_Long-Tail",
    preset: "released-robal",
    summary:
      "WideResNet-34-10, batch 64, weight decay 2e-4, 5 steps of 0.0078 within 0.031, learning rate collapses after epoch 60",
  },
  contradictions: (_, { classifier }) =>
    classifier === "linear"
      ? [
          {
            key: "model.classifier",
            text: "is linear, but method robal works on cosines; accepted with it: cosine, cosine:<γ> such as cosine:1/16, normalised.",
          },
        ]
      : [],
  inference: (options, { classCounts }) => robalInference(classCounts, options),
  recipe(options, { classCounts, shaping }) {
    const multiMargin = multiMarginLoss(classCounts, options, shaping);
    const attack = trainingAttack(options.attack, recognitionLoss("ce", classCounts, "none"));
    return {
      warnings: [],
      beginEpoch: () => ({}),
      examples: (batch, context) => craft(attack, options.attack.batchNorm, batch, context),
      // NOTE(official-code): the released loop runs the adversarial batch twice, which only moves running statistics.
      loss({ images, labels }, adversarial, { model }) {
        if (model.classifier === "linear") {
          throw new ReatError("config", "Method robal needs model.classifier cosine, got linear.");
        }
        const adversarialLogits = model.logits(adversarial ?? images);
        const clean = model.logits(images);
        const margin = multiMargin(adversarialLogits, labels);
        const divergence = robalRegulariser(clean, adversarialLogits, options.beta);
        return {
          loss: margin.add(divergence),
          adversarialLogits,
          cleanLogits: clean,
          terms: { recognition: margin.detach(), divergence: divergence.detach() },
        };
      },
    };
  },
});
