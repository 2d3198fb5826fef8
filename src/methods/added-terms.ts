// A recipe's loss with terms added on its logits.
import type { ImageClassifier } from "../nn/index.js";
import type { Tensor } from "../tensor/index.js";
import type { TermInput } from "./added-term.js";
import type { TrainingBatch } from "./method.js";
import type { RecipeLoss } from "./recipe.js";

/** A term of this step, see `AddedTerm.prepare`. */
export interface PreparedTerm {
  readonly name: string;
  readonly value: (input: TermInput) => Tensor;
}

/** The loss, and the terms beside the recipe's own in the log. As it is where there is none, or where nothing adversarial was trained on. */
export function withTerms(
  result: RecipeLoss,
  prepared: readonly PreparedTerm[],
  { images, labels }: TrainingBatch,
  model: ImageClassifier,
): RecipeLoss {
  const { adversarialLogits: adversarial } = result;
  if (!adversarial || prepared.length === 0) return result;
  let { cleanLogits, loss } = result;
  const clean = () => {
    cleanLogits ??= model.logits(images);
    return cleanLogits;
  };
  const values = prepared.map(({ name, value }) => [name, value({ adversarial, clean, labels })] as const);
  for (const [, value] of values) loss = loss.add(value);
  const added = Object.fromEntries(values.map(([name, value]) => [name, value.detach()]));
  return { ...result, loss, terms: { ...result.terms, ...added }, ...(cleanLogits && { cleanLogits }) };
}
