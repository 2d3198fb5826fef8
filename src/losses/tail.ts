// TAIL: REAT's regulariser that moves the features of tail classes apart from those of other classes.
import type { TailRule } from "../data/index.js";
import { noGrad, scope, type Tensor } from "../tensor/index.js";
import { ClassConstant } from "./class-constant.js";
import { checkClassCounts, tailClasses } from "./class-counts.js";

/** "reference": what the authors' code computes; "paper": what the text describes. */
export type TailForm = "reference" | "paper";

/** Options of `tailRegulariser`. */
export interface TailOptions {
  readonly form: TailForm;
  /** Factor of the whole term. Default: 1. */
  readonly lambda?: number;
  /** Which classes are the tail. Default: "reference". */
  readonly tailStart?: TailRule;
}

/** The batch that some features are a part of. */
export interface WholeFeatures {
  /** [M, D], constant, with those of the part among them. */
  readonly features: Tensor;
  /** int64 [M]. */
  readonly labels: Tensor;
  /** Row of the part's first image. */
  readonly from: number;
}

/**
 * Features [N,D] with their graph and labels (int64 [N]) to a scalar, to be added to the training loss. With `whole` they are a part of a
 * batch, and values and gradients of its parts add up to those of the batch.
 */
export type FeatureRegulariser = (features: Tensor, labels: Tensor, whole?: WholeFeatures | null) => Tensor;

/**
 * TAIL (REAT, section 4.2). With p_i = softmax(f_i), KL_ij = Σ_d p_id log(p_id/p_jd), w_ij = √(Σn/n_{y_i}) +
 * √(Σn/n_{y_j}), s_ij = −1 where y_i = y_j and +1 elsewhere, T the samples of tail classes, p_i constant as anchor:
 * - "reference": λ/|T| Σ_{i∈T} κ_i · mean_j(s_ij w_ij), with κ_i the mean of p_id log(p_id/p_jd) over j and d;
 * - "paper": −λ/(|T|·N) Σ_{i∈T} Σ_j s_ij w_ij KL_ij.
 * Without samples of tail classes the value and its gradient are 0.
 */
export function tailRegulariser(classCounts: readonly number[], options: TailOptions): FeatureRegulariser {
  const { form, lambda = 1, tailStart = "reference" } = options;
  checkClassCounts(classCounts);
  const total = classCounts.reduce((sum, count) => sum + count, 0);
  const weights = new ClassConstant(classCounts.map((count) => Math.sqrt(total / count)));
  const tail = new Set(tailClasses(classCounts, tailStart));
  const isTail = new ClassConstant(classCounts.map((_, label) => (tail.has(label) ? 1 : 0)));

  return (features, ownLabels, whole = null) =>
    scope(() => {
      const labels = whole?.labels ?? ownLabels;
      const all = whole?.features ?? features;
      const [batch, size] = all.shape as readonly [number, number];
      const own = (rows: Tensor) =>
        whole ? rows.slice(0, whole.from, whole.from + features.shape[0]!) : rows;
      // Both logarithms of a divergence may be shifted alike: around their mean they cancel with less rounding.
      const logP = features.logSoftmax(1).add(Math.log(size));
      const anchorLogP = logP.detach();
      const [classWeights, tailMask] = [weights.like(features), isTail.like(features)];
      const { coupling, anchors } = noGrad(() => {
        const w = classWeights.indexSelect(0, labels);
        const sameClass = labels.unsqueeze(1).eq(labels.unsqueeze(0)).to(features.dtype);
        const signed = w.unsqueeze(1).add(w).mul(sameClass.mul(-2).add(1));
        const inTail = tailMask.indexSelect(0, labels);
        const share = inTail.div(inTail.sum().clamp(1, null)).unsqueeze(1);
        // The term is Σ_ij a_ij KL_ij in both forms; they differ in a.
        const a =
          form === "reference"
            ? signed
                .mean(1, true)
                .mul(share)
                .mul(lambda / (batch * size))
                .expand([batch, batch])
            : signed.mul(share).mul(-lambda / batch);
        const p = all.softmax(1);
        return { coupling: own(a.t().mm(p)), anchors: own(p.mul(a.sum(1, true))) };
      });
      // Σ_ij a_ij (Σ_d p_id log p_id − Σ_d p_id log p_jd), summed over i first: only log p_j carries the gradient.
      return anchors.mul(anchorLogP).sub(coupling.mul(logP)).sum();
    });
}
