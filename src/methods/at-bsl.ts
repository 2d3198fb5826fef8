// AT-BSL (Yue et al. 2024): balanced softmax on PGD examples is most of what helps; strong augmentation the rest.
import { z } from "zod";
import { lossOptions } from "../losses/index.js";
import { modifierShape } from "./assemble-method.js";
import { defineMethod } from "./method-entry.js";
import { pgdAtRecipe } from "./pgd-at.js";
import { reweightingContradictions, reweightingShape } from "./rebalanced-examples.js";
import { trainingAttackOptions } from "./training-attack.js";

/** Options of AT-BSL. Its RandAugment or AutoAugment is the training data's, not the method's. */
export const atBslOptions = z.strictObject({
  name: z.literal("at-bsl"),
  loss: lossOptions.prefault("bsl").meta({ help: "the loss on the adversarial examples" }),
  attack: trainingAttackOptions({ start: "gaussian" })
    .prefault({})
    .meta({ help: "how training examples are made" }),
  ...reweightingShape("none"),
  ...modifierShape,
});
/** AT-BSL's resolved options. */
export type AtBslOptions = z.output<typeof atBslOptions>;

export const atBsl = defineMethod<AtBslOptions>({
  title: "AT-BSL",
  schema: atBslOptions,
  description:
    "balanced softmax on PGD examples; meant for RandAugment or AutoAugment of the training images",
  paper: "Yue et al., CVPR 2024, arXiv 2403.10073",
  example: { method: { loss: "bsl", attack: { epsilon: "8/255", stepSize: "2/255" } } },
  contradictions: reweightingContradictions,
  released: {
    repository: "NISPLab/AT-BSL",
    preset: "released-at-bsl",
    summary: "ResNet-18, 100 epochs, AutoAugment, noise 0.001·N(0, 1)",
  },
  recipe: (options, setup) =>
    pgdAtRecipe({ ...options, attack: { ...options.attack, objective: "ce" } }, setup),
});
