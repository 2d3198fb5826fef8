// The loss of a batch of mixed images: that of both labels, in proportion to their areas.
import type { Tensor } from "../tensor/index.js";
import type { TrainingBatch } from "./method.js";
import type { RecipeContext, RecipeLoss, RecipeParts } from "./recipe.js";
import { recordOutputs } from "./recorded-outputs.js";

/**
 * λ·L(y) + (1 − λ)·L(y'), with the recipe's whole loss for either label and one set of passes: CutMix's rule (Yun et al. 2019, arXiv 1905.04899)
 * for any loss. Batches that are not mixed have the recipe's loss as it is.
 */
export function mixedLoss(
  parts: Pick<RecipeParts, "loss">,
  batch: TrainingBatch,
  adversarial: Tensor | null,
  context: RecipeContext,
): RecipeLoss {
  const { mixed } = batch;
  if (!mixed) return parts.loss(batch, adversarial, context);
  const { model, replay } = recordOutputs(context.model);
  const lossOf = (labels: Tensor) =>
    parts.loss({ images: batch.images, labels }, adversarial, { ...context, model });
  const first = lossOf(batch.labels);
  replay();
  const second = lossOf(mixed.labels);
  const rest = mixed.share.neg().add(1);
  const shared = (a: Tensor, b: Tensor) => a.mul(mixed.share).add(b.mul(rest));
  const terms = Object.entries(first.terms).map(([name, term]) => [name, shared(term, second.terms[name]!)]);
  return { ...first, loss: shared(first.loss, second.loss), terms: Object.fromEntries(terms) };
}
