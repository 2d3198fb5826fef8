// RobustLT: a budget for each class, larger for rare ones, that grows over the first part of training.
import { z } from "zod";
import { ReatError } from "../errors.js";
import { fraction } from "../fraction.js";
import type { ClassRule } from "./class-rule.js";
import type { MethodSetup } from "./method.js";

/** Options of class-wise budgets, around any method that makes adversarial examples. */
export const classBudgetOptions = z.strictObject({
  alpha: fraction({ min: 0, max: 1 })
    .default(0.3)
    .meta({ help: "share α of epsilon that depends on the class; 0 gives all classes epsilon" }),
  warmUp: fraction({ min: 0, max: 1 })
    .default(0.8)
    .meta({ help: "share of the training over which the budgets grow from 0; 0 starts with the whole" }),
});
/** Resolved options of class-wise budgets. */
export type ClassBudgetOptions = z.output<typeof classBudgetOptions>;

/**
 * ε_k/ε = (1 − α) + τ·√log(n_max/n_k) with τ = α / Σ_k (n_k/N)·√log(n_max/n_k), so that the mean over samples is 1.
 * Classes of one size all get 1.
 */
export function classBudgets(classCounts: readonly number[], alpha: number): number[] {
  const largest = Math.max(...classCounts);
  const total = classCounts.reduce((sum, count) => sum + count, 0);
  const rarity = classCounts.map((count) => Math.sqrt(Math.log(largest / count)));
  const mean = classCounts.reduce((sum, count, k) => sum + (count / total) * rarity[k]!, 0);
  if (mean === 0) return classCounts.map(() => 1);
  return rarity.map((value) => 1 - alpha + (alpha / mean) * value);
}

/**
 * min((epoch − 1)/(β·epochs), 1) with epochs counted from 1; 1 throughout for β = 0.
 * @throws ReatError `config` when a warm-up needs the number of epochs and there is none
 */
export function budgetIntensity(epoch: number, warmUp: number, epochs: number | undefined): number {
  if (warmUp === 0) return 1;
  if (epochs === undefined) {
    throw new ReatError(
      "config",
      "A class budget with a warm-up needs the training's number of epochs, and none was given; classBudget.warmUp 0 goes without.",
    );
  }
  return Math.min((epoch - 1) / (warmUp * epochs), 1);
}

/** RobustLT as a rule: both epsilon and the step follow the class's share and the warm-up. */
export function robustLtRule(
  { alpha, warmUp }: ClassBudgetOptions,
  { classCounts, epochs }: Pick<MethodSetup, "classCounts" | "epochs">,
): ClassRule {
  const budgets = classBudgets(classCounts, alpha);
  return {
    name: "classBudget",
    beginEpoch(epoch) {
      const intensity = budgetIntensity(epoch, warmUp, epochs);
      const shares = budgets.map((share) => share * intensity);
      return { epsilon: shares, stepSize: shares };
    },
  };
}
