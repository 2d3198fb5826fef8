// Makes a method from a recipe, with the modifiers that work around any of them.
import { z } from "zod";
import { scope } from "../tensor/index.js";
import { attackRampOptions } from "./attack-ramp.js";
import { classBudgetOptions, robustLtRule } from "./class-budget.js";
import { ExampleBudgets } from "./example-budgets.js";
import type { Method, MethodSetup } from "./method.js";
import { mixedLoss } from "./mixed-loss.js";
import type { RecipeParts } from "./recipe.js";
import { noState } from "./state.js";
import { perturbWeights, weightPerturbationOptions } from "./weight-perturbation.js";

/** Keys of a loss of labels, which every method has. */
export const labelShape = {
  labelSmoothing: z.number().min(0).lt(1).optional().meta({
    help: "share s of a label that is spread over all C classes in the loss: 1 − s + s/C on the label, s/C on the others; examples are made as without; left out: 0",
  }),
};

/** Keys that every method's options take. */
export const modifierShape = {
  ...labelShape,
  weightPerturbation: weightPerturbationOptions
    .optional()
    .meta({ help: "adversarial weight perturbation (AWP) around the method; left out: none" }),
  classBudget: classBudgetOptions.optional().meta({
    help: "class-wise budgets (RobustLT) around the method; left out: all classes have the attack's budget",
  }),
  attackRamp: attackRampOptions.optional().meta({
    help: "an attack that grows over the training (ACAT) around the method; left out: the whole budget throughout",
  }),
};
const modifierSchema = z.object(modifierShape);
/** Resolved options of the modifiers. */
export type Modifiers = z.output<typeof modifierSchema>;

/**
 * Makes a method of a recipe's parts and the modifiers around it: each step makes examples, computes the loss on them, and lets the
 * recipe observe the result.
 * @throws ReatError `config` for a class budget with a warm-up, or a growing attack, if the number of epochs is not known; a step before `beginEpoch`
 * throws `usage`
 */
export function assembleMethod(
  name: string,
  parts: RecipeParts,
  { weightPerturbation, classBudget, attackRamp }: Modifiers,
  setup: MethodSetup,
): Method {
  const rule = classBudget ? robustLtRule(classBudget, setup) : null;
  const budgets = rule || attackRamp ? new ExampleBudgets(name, rule, attackRamp ?? null, setup) : null;
  let epochNow = 0;

  return {
    name,
    warnings: parts.warnings,
    // Weight perturbation begins at a configured epoch.
    steady: weightPerturbation ? "epoch" : (parts.steady ?? "epoch"),

    beginEpoch(epoch) {
      const record = parts.beginEpoch(epoch);
      epochNow = epoch;
      return budgets ? { ...record, ...budgets.beginEpoch(epoch) } : record;
    },

    step: (batch, given) =>
      scope(() => {
        const { model } = given;
        const context = { ...given, budget: budgets?.of(batch) ?? null };
        return model.withMode("train", () => {
          const adversarial = parts.examples(batch, context);
          const loss = () => mixedLoss(parts, batch, adversarial, context);
          const isPerturbed = weightPerturbation && epochNow >= weightPerturbation.from;
          const restore = isPerturbed
            ? perturbWeights(model, weightPerturbation.gamma, () => loss().loss)
            : undefined;
          try {
            const result = loss();
            parts.observe?.(result);
            return restore ? { ...result, afterUpdate: restore } : result;
          } catch (cause) {
            restore?.();
            throw cause;
          }
        });
      }),

    ...noState(name),
    ...(parts.state && parts.restore ? { state: parts.state, restore: parts.restore } : {}),
    dispose() {
      budgets?.dispose();
      parts.dispose?.();
    },
  };
}
