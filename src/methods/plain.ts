// Plain training: a loss on clean images, to compare with.
import { z } from "zod";
import { lossOptions, recognitionLoss } from "../losses/index.js";
import { labelShape, modifierShape } from "./assemble-method.js";
import { defineMethod } from "./method-entry.js";

/** Options of plain training. Class budgets have nothing to act on here. */
export const plainOptions = z.strictObject({
  name: z.literal("plain"),
  loss: lossOptions.prefault("ce").meta({ help: "the loss on the clean images" }),
  ...labelShape,
  weightPerturbation: modifierShape.weightPerturbation,
});
/** Plain training's resolved options. */
export type PlainOptions = z.output<typeof plainOptions>;

export const plain = defineMethod<PlainOptions>({
  title: "Plain training",
  schema: plainOptions,
  description: "a loss on clean images, without adversarial examples",
  paper: "no paper: the reference point without adversarial training",
  example: { method: { loss: "ce" } },
  recipe({ loss: lossName }, { classCounts, shaping }) {
    const recognition = recognitionLoss(lossName, classCounts, "mean", shaping);
    return {
      warnings: [],
      beginEpoch(epoch) {
        recognition.beginEpoch?.(epoch);
        return {};
      },
      examples: () => null,
      loss({ images, labels }, _none, { model }) {
        const loss = recognition(model.logits(images), labels);
        return { loss, adversarialLogits: null, terms: { recognition: loss.detach() } };
      },
    };
  },
});
