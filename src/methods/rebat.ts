// ReBAT (Wang et al. 2023): after the learning rate has fallen, predictions are held near those of the averaged weights.
import { z } from "zod";
import { ReatError } from "../errors.js";
import { fraction } from "../fraction.js";
import { predictionDivergence } from "../losses/index.js";
import { noGrad } from "../tensor/index.js";
import type { AddedTerm } from "./added-term.js";

/** Options of ReBAT, around any method that makes adversarial examples. */
export const rebatOptions = z.strictObject({
  from: z.int().min(1).default(61).meta({
    help: "first epoch with the term: the one after the learning rate has first fallen, 61 in the common protocol",
  }),
  beta: fraction({ above: 0 }).default(1).meta({ help: "weight β of the divergence" }),
});
/** Resolved options of ReBAT. */
export type RebatOptions = z.output<typeof rebatOptions>;

/**
 * β·KL(p_average ‖ p) on the adversarial examples, the mean over the samples. The averaged network runs in mode "eval" and has no
 * gradient. Its other half, a softer fall of the rate, is `training.factor`: 1/1.5 in the released code.
 */
export function rebatTerm({ from, beta }: RebatOptions): AddedTerm {
  let acts = false;
  return {
    name: "rebat",
    beginEpoch(epoch) {
      acts = epoch >= from;
    },
    prepare(_batch, adversarial, { model, averaged }) {
      if (!acts) return null;
      if (!averaged) {
        throw new ReatError(
          "usage",
          `ReBAT acts from epoch ${from} on, but there are no averaged weights then: it needs training.weightAverage, from that epoch or an earlier one.`,
        );
      }
      const target = averaged(() => noGrad(() => model.withMode("eval", () => model.logits(adversarial))));
      return ({ adversarial: logits }) => predictionDivergence(target, logits).mean().mul(beta);
    },
  };
}
