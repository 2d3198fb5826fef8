// RBL: re-weights adversarial example generation by how often each class was predicted the epoch before.
import { ReatError } from "../errors.js";
import { crossEntropy } from "../tensor/index.js";
import { ClassConstant } from "./class-constant.js";
import { checkClassCounts } from "./class-counts.js";
import type { LossFunction, LossReduction } from "./loss-function.js";

/**
 * Where `rblWeights` rounds to float32. "reference": as the authors' code does under NumPy 1 (β to float32, E in
 * float64 from it, the rest in float32); "float32": everything, as the same code does under NumPy 2; "float64": nothing.
 */
export type RblRounding = "reference" | "float32" | "float64";

/**
 * RBL's class weights ω, which sum to the number of classes C (REAT, section 4.1; the authors' code adds 10⁻⁵ to E):
 * β_k = (n_k − 1)/n_k, E_k = (1 − β_k^{m_k})/(1 − β_k), ω_k = C·(E_k + 10⁻⁵)⁻¹ / Σ_j (E_j + 10⁻⁵)⁻¹.
 * A class never predicted has E = 0, so its weight outgrows those of predicted classes by a factor of 10⁵.
 * @param classCounts n: training images of each class
 * @param predictedCounts m: adversarial examples of the epoch before that were predicted as each class
 * @throws ReatError `config` for impossible counts or lists of unequal length
 */
export function rblWeights(
  classCounts: readonly number[],
  predictedCounts: readonly number[],
  rounding: RblRounding = "reference",
): number[] {
  checkClassCounts(classCounts);
  if (predictedCounts.length !== classCounts.length) {
    throw new ReatError(
      "config",
      `RBL needs one predicted count per class, got ${predictedCounts.length} for ${classCounts.length} classes.`,
    );
  }
  const wrong = predictedCounts.find((count) => !Number.isInteger(count) || count < 0);
  if (wrong !== undefined) {
    throw new ReatError("config", `Predicted counts must be integers of at least 0, got ${wrong}.`);
  }
  const exact = (value: number) => value;
  const round = rounding === "float64" ? exact : Math.fround;
  const roundPower = rounding === "float32" ? Math.fround : exact;
  const offset = round(1e-5);
  const inverse = classCounts.map((count, k) => {
    const beta = round((count - 1) / count);
    const power = roundPower(beta ** predictedCounts[k]!);
    const effective = round(roundPower(1 - power) / roundPower(1 - beta));
    return round(1 / round(effective + offset));
  });
  const total = inverse.reduce((sum, value) => round(sum + value), 0);
  return inverse.map((value) => round(round(value / total) * classCounts.length));
}

/** How weights enter the loss: "weight" multiplies a sample's cross entropy by ω_y, "logit" shifts the logits by τ·log ω. */
export type RebalancingForm = "weight" | "logit";

/** A loss that keeps its class weights as tensors. */
export interface RebalancedLoss extends LossFunction {
  /** Sets other class weights, as many as before. @throws ReatError `config` unless all are positive */
  update(weights: readonly number[]): void;
  /** Frees them; they are made again where the loss is used again. */
  dispose(): void;
}

/** Options of `rebalancedLoss`. */
export interface RebalancingOptions {
  /** Default: "weight", the paper's. */
  readonly form?: RebalancingForm;
  /** Strength τ of the logit form. Default: 1. */
  readonly tau?: number;
  /** "mean" divides the weight form by the sum of the samples' weights, as PyTorch does. Default: "mean". */
  readonly reduction?: LossReduction;
  /** Share of the target that is spread over all classes. Default: 0. */
  readonly labelSmoothing?: number;
}

/**
 * Cross entropy under class weights ω: ω_y·CE(z, y), or CE(z + τ·log ω, y).
 * A positive factor on a sample changes neither the sign of its gradient nor its direction: under attacks by sign or by
 * normalised gradient, with samples that do not influence each other, the weight form equals plain cross entropy.
 * @param weights ω, one for each class, finite and above 0; the loss takes logits [N, C] and int64 labels [N]
 * @throws ReatError `config` for a weight that is not
 */
export function rebalancedLoss(weights: readonly number[], options: RebalancingOptions = {}): RebalancedLoss {
  const { form = "weight", tau = 1, reduction = "mean", labelSmoothing = 0 } = options;
  const entering = (given: readonly number[]) => {
    const wrong = given.find((weight) => !(weight > 0 && weight < Infinity));
    if (wrong !== undefined) throw new ReatError("config", `Class weights must be positive, got ${wrong}.`);
    return form === "logit" ? given.map((weight) => tau * Math.log(weight)) : given;
  };
  const constant = new ClassConstant(entering(weights));
  const loss: LossFunction = (logits, labels) =>
    form === "logit"
      ? crossEntropy(logits.add(constant.like(logits)), labels, { reduction, labelSmoothing })
      : crossEntropy(logits, labels, { weight: constant.like(logits), reduction, labelSmoothing });
  return Object.assign(loss, {
    update: (given: readonly number[]) => constant.update(entering(given)),
    dispose: () => constant.dispose(),
  });
}
