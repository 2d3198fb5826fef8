// PGD-AT (Madry et al. 2018): train on PGD examples with any loss for long-tailed recognition.
import { z } from "zod";
import { type AttackObjective, marginObjective } from "../attacks/index.js";
import { lossOptions, recognitionLoss, recognitionLossNames } from "../losses/index.js";
import { modifierShape } from "./assemble-method.js";
import type { MethodSetup } from "./method.js";
import { defineMethod } from "./method-entry.js";
import { rebalancedExamples, reweightingContradictions, reweightingShape } from "./rebalanced-examples.js";
import type { RecipeParts } from "./recipe.js";
import { resolveBudget, trainingAttackShape } from "./training-attack.js";

const attackOptions = z
  .strictObject({
    ...trainingAttackShape(),
    objective: z
      .enum([...recognitionLossNames, "cw"])
      .default("ce")
      .meta({
        help: "what the examples maximise where nothing re-weights it: a loss by name, or cw for the margin",
      }),
  })
  .transform((given, context) => resolveBudget(given, context));

/** Options of PGD-AT. */
export const pgdAtOptions = z.strictObject({
  name: z.literal("pgd-at"),
  loss: lossOptions.prefault("ce").meta({ help: "the loss on the adversarial examples" }),
  attack: attackOptions.prefault({}).meta({ help: "how training examples are made" }),
  ...reweightingShape("none"),
  ...modifierShape,
});
/** PGD-AT's resolved options. */
export type PgdAtOptions = z.output<typeof pgdAtOptions>;

/** min over the weights of E loss(f(x_adv), y), with x_adv from PGD on the objective. */
export function pgdAtRecipe(
  { name, ...options }: Omit<PgdAtOptions, "name"> & { readonly name: string },
  setup: MethodSetup,
): RecipeParts {
  const { classCounts, shaping } = setup;
  const { objective: chosen } = options.attack;
  const recognition = recognitionLoss(options.loss, classCounts, "mean", shaping);
  const objective: AttackObjective =
    chosen === "cw" ? marginObjective : recognitionLoss(chosen, classCounts, "none");
  const examples = rebalancedExamples(name, options, setup, objective);
  return {
    ...examples,
    steady: recognition.beginEpoch ? "epoch" : "run",
    beginEpoch(epoch) {
      recognition.beginEpoch?.(epoch);
      return examples.beginEpoch(epoch);
    },
    loss({ images, labels }, adversarial, { model }) {
      const logits = model.logits(adversarial ?? images);
      const loss = recognition(logits, labels);
      return { loss, adversarialLogits: logits, terms: { recognition: loss.detach() } };
    },
  };
}

export const pgdAt = defineMethod<PgdAtOptions>({
  title: "PGD-AT",
  schema: pgdAtOptions,
  description: "adversarial training on PGD examples with a loss for long-tailed recognition",
  paper: "Madry et al., ICLR 2018, arXiv 1706.06083",
  example: { method: { loss: "bsl", attack: { epsilon: "8/255", stepSize: "2/255" } } },
  contradictions: reweightingContradictions,
  recipe: pgdAtRecipe,
});
