// Combinations of modifiers, or of one and the method, that are impossible or in which a key does nothing.
import type { Contradiction } from "./method-entry.js";
import type { MethodOptions } from "./methods.js";

/** For every method alike. */
export function modifierContradictions(method: MethodOptions): readonly Contradiction[] {
  return [...smoothedFocal(method), ...severalRules(method)];
}

function smoothedFocal(method: MethodOptions): readonly Contradiction[] {
  if (!method.labelSmoothing || !("loss" in method)) return [];
  if (typeof method.loss === "string" || method.loss.name !== "focal") return [];
  return [
    {
      key: "method.labelSmoothing",
      text: `is ${method.labelSmoothing}, but method.loss is focal, which weighs an image by the probability of its one label; accepted with it: 0, or another loss.`,
    },
  ];
}

function severalRules(method: MethodOptions): readonly Contradiction[] {
  const rules = (["classBudget", "cfa", "dafa"] as const).filter(
    (key) => key in method && method[key as never],
  );
  return rules.slice(1).map((key) => ({
    key: `method.${key}`,
    text: `is set beside method.${rules[0]}; accepted: one rule for the budgets of classes.`,
  }));
}
