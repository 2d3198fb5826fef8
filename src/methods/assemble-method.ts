// Makes a method from a recipe, with the modifiers that work around any of them.
import { z } from "zod";
import { ReatError } from "../errors.js";
import { ClassConstant } from "../losses/index.js";
import { scope } from "../tensor/index.js";
import { budgetIntensity, classBudgetOptions, classBudgets } from "./class-budget.js";
import type { Method, MethodSetup } from "./method.js";
import type { RecipeParts } from "./recipe.js";
import { noState } from "./state.js";
import { perturbWeights, weightPerturbationOptions } from "./weight-perturbation.js";

/** Keys that every method's options take. */
export const modifierShape = {
  weightPerturbation: weightPerturbationOptions
    .optional()
    .meta({ help: "adversarial weight perturbation (AWP) around the method; left out: none" }),
  classBudget: classBudgetOptions.optional().meta({
    help: "class-wise budgets (RobustLT) around the method; left out: all classes have the attack's budget",
  }),
};
const modifierSchema = z.object(modifierShape);
/** Resolved options of the modifiers. */
export type Modifiers = z.output<typeof modifierSchema>;

/**
 * Makes a method of a recipe's parts and the modifiers around it: each step makes examples, computes the loss on them, and lets the
 * recipe observe the result.
 * @throws ReatError `config` for a class budget with a warm-up if the number of epochs is not known; a step before `beginEpoch`
 * throws `usage`
 */
export function assembleMethod(
  name: string,
  parts: RecipeParts,
  { weightPerturbation, classBudget }: Modifiers,
  { classCounts, epochs }: MethodSetup,
): Method {
  const budgets = classBudget ? classBudgets(classCounts, classBudget.alpha) : null;
  let epochNow = 0;
  let budget: ClassConstant | null = null;

  return {
    name,
    warnings: parts.warnings,
    // Weight perturbation begins at a configured epoch.
    steady: weightPerturbation ? "epoch" : (parts.steady ?? "epoch"),

    beginEpoch(epoch) {
      const record = parts.beginEpoch(epoch);
      if (classBudget && budgets && epoch !== epochNow) {
        const intensity = budgetIntensity(epoch, classBudget.warmUp, epochs);
        const shares = budgets.map((share) => share * intensity);
        if (budget) budget.update(shares);
        else budget = new ClassConstant(shares);
      }
      epochNow = epoch;
      return budget ? { ...record, classBudgetShares: budget.values } : record;
    },

    step: (batch, given) =>
      scope(() => {
        const { model } = given;
        if (budgets && !budget) {
          throw new ReatError("usage", `beginEpoch of method ${name} must be called before its first step.`);
        }
        const shares = budget?.like(batch.images).indexSelect(0, batch.labels) ?? null;
        const context = { ...given, budget: shares };
        return model.withMode("train", () => {
          const adversarial = parts.examples(batch, context);
          const loss = () => parts.loss(batch, adversarial, context);
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
      budget?.dispose();
      parts.dispose?.();
    },
  };
}
