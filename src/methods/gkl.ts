// IKL and GKL (Cui et al. 2024 and 2025): the divergence of TRADES taken apart, its squared half weighted by what classes are confused with.
import { z } from "zod";
import { fraction } from "../fraction.js";
import { ClassConstant } from "../losses/index.js";
import type { Tensor } from "../tensor/index.js";
import type { AddedTerm } from "./added-term.js";
import { ClassSums } from "./class-sums.js";
import type { MethodSetup } from "./method.js";
import { readState } from "./state.js";

/** Options of GKL, around any method that makes adversarial examples; γ = 1 is IKL. */
export const gklOptions = z.strictObject({
  alpha: fraction({ min: 0 })
    .default(4)
    .meta({ help: "weight α of the cross entropy with the clean predictions" }),
  beta: fraction({ min: 0 })
    .default(20)
    .meta({ help: "weight β of the squared differences of pairs of logits" }),
  gamma: fraction({ above: 0 }).default(1).meta({ help: "exponent γ of the classes' weights; 1 is IKL" }),
  temperature: fraction({ above: 0 })
    .default(4)
    .meta({ help: "temperature T of the predictions that the classes' weights are the means of" }),
  weights: z.enum(["class", "uniform"]).default("class").meta({
    help: "class takes the mean predictions of each class in the epoch before; uniform weighs all pairs alike",
  }),
});
/** Resolved options of GKL. */
export type GklOptions = z.output<typeof gklOptions>;

/**
 * α·SCE + β·MSE (IKL, arXiv 2305.13948; GKL, arXiv 2503.08038; released code jiequancui/DKL). With v_i = W_{y_i}^γ and d = clean − adversarial:
 * MSE = ¼ Σ_i Σ_jk v_ij v_ik (d_ij − d_ik)² / Σ_i Σ_jk v_ij v_ik, with a gradient through both;
 * SCE = −mean_i Σ_k p_clean,k log p_adv,k, with none through the clean predictions.
 * @param clean, adversarial logits [N, C]; @param weights W_{y_i} [N, C]
 */
export function gklDivergence(
  clean: Tensor,
  adversarial: Tensor,
  weights: Tensor,
  { alpha, beta, gamma }: Pick<GklOptions, "alpha" | "beta" | "gamma">,
): Tensor {
  const v = gamma === 1 ? weights : weights.pow(gamma);
  const d = clean.sub(adversarial);
  const total = v.sum([1], true);
  // Σ_jk v_j v_k (d_j − d_k)² is 2·Σv·Σ v (d − m)² around the weighted mean m, without the cancellation of other forms.
  const mean = v.mul(d).sum([1], true).div(total);
  const spread = v.mul(d.sub(mean).pow(2)).sum([1], true).mul(total).mul(2).sum();
  const mse = spread.div(total.pow(2).sum()).mul(0.25);
  const sce = clean.detach().softmax(1).mul(adversarial.logSoftmax(1)).sum(1).mean().neg();
  return mse.mul(beta).add(sce.mul(alpha));
}

/**
 * W: the mean prediction of each class, rows that sum to 1.
 * NOTE(official-code): a class without samples has 0/0 there, which spreads to all samples; here its row is even.
 */
export function classPredictions(sums: readonly (readonly number[])[]): number[][] {
  return sums.map((row) => {
    const total = row.reduce((sum, value) => sum + value, 0);
    return row.map((value) => (total > 0 ? value / total : 1 / row.length));
  });
}

const state = (classes: number) =>
  z.strictObject({
    epoch: z.int().min(0),
    weights: z.array(z.number().min(0)).length(classes * classes),
    sums: z.array(z.number()).length(classes * (classes + 1)),
  });

/** The term; in the first epoch all weights are 1/C. */
export function gklTerm(options: GklOptions, { classCounts, device }: MethodSetup): AddedTerm {
  const classes = classCounts.length;
  const predictions = new ClassSums(classes, classes, device);
  const table = new ClassConstant(new Array<number>(classes * classes).fill(1 / classes));
  let epochNow = 0;
  return {
    name: "gkl",
    beginEpoch(epoch) {
      if (epoch === epochNow) return;
      if (epochNow > 0 && options.weights === "class") {
        table.update(classPredictions(predictions.read().sums).flat());
      }
      predictions.reset();
      epochNow = epoch;
    },
    prepare: () => (input) => {
      const clean = input.clean();
      const weights = table.like(clean).reshape([classes, classes]).indexSelect(0, input.labels);
      return gklDivergence(clean, input.adversarial, weights, options);
    },
    observesClean: options.weights === "class",
    observe: (clean, labels) => predictions.add(clean.div(options.temperature).softmax(1), labels),
    state: () => ({ epoch: epochNow, weights: table.values, sums: predictions.state() }),
    restore(saved) {
      const restored = readState("gkl", state(classes), saved);
      epochNow = restored.epoch;
      table.update(restored.weights);
      predictions.reset(restored.sums);
    },
    dispose() {
      predictions.dispose();
      table.dispose();
    },
  };
}
