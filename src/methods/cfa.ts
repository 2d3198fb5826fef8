// CFA (Wei et al. 2023): classes that are robust already get more epsilon, and more of the regularisation.
import { z } from "zod";
import { fraction } from "../fraction.js";
import type { ClassRule } from "./class-rule.js";
import { ClassSums } from "./class-sums.js";
import type { MethodSetup } from "./method.js";
import { readState } from "./state.js";

/** Options of CFA's class-wise budgets, around any method that makes adversarial examples. */
export const cfaOptions = z.strictObject({
  lambda: fraction({ min: 0 })
    .default(0.5)
    .meta({ help: "λ₁ of ε_c = (λ₁ + r_c)·ε, with r_c the class's robust accuracy" }),
  regularisation: fraction({ min: 0 })
    .default(0.5)
    .meta({ help: "λ₂ of β_c = (λ₂ + r_c)·β, with method trades; it has no use with others" }),
  // NOTE(official-code): the released loop counts epochs from 0 and begins with 10.
  from: z
    .int()
    .min(2)
    .default(11)
    .meta({ help: "first epoch with budgets of the classes; all have ε before" }),
  accuracy: z.enum(["class", "released"]).default("class").meta({
    help: "r_c: class, the share of the class's examples that are classified right; released, C·(right)/(all), as the code logs it, which is the same for balanced classes alone",
  }),
});
/** Resolved options of CFA. */
export type CfaOptions = z.output<typeof cfaOptions>;

/**
 * r_c from the examples of an epoch that were classified right.
 * NOTE(official-code): "released" multiplies by C and divides by all examples: above 1 for head classes of long-tailed data, far too small for tail ones.
 * @param right, seen one number for each class
 */
export function classAccuracies(
  right: readonly number[],
  seen: readonly number[],
  form: CfaOptions["accuracy"],
): number[] {
  const all = seen.reduce((sum, count) => sum + count, 0);
  return right.map((count, k) => {
    if (form === "released") return (right.length * count) / Math.max(all, 1);
    return count / Math.max(seen[k]!, 1);
  });
}

/** ε_c/ε = λ₁ + r_c, as the released code (PKU-ML/CFA) has it. The step size is not scaled. */
export function cfaShares(accuracies: readonly number[], lambda: number): number[] {
  return accuracies.map((accuracy) => lambda + accuracy);
}

const state = (classes: number) =>
  z.strictObject({
    epoch: z.int().min(0),
    accuracies: z.array(z.number().min(0)).length(classes).nullable(),
    sums: z.array(z.number()).length(classes * 2),
  });

/** CFA as a rule; the accuracies are those of the training's own examples in the epoch before. */
export function cfaRule(options: CfaOptions, { classCounts, device }: MethodSetup): ClassRule {
  const classes = classCounts.length;
  const right = new ClassSums(classes, 1, device);
  let epochNow = 0;
  let accuracies: readonly number[] | null = null;
  return {
    name: "cfa",
    beginEpoch(epoch) {
      if (epoch !== epochNow) {
        if (epochNow > 0) {
          const { sums, counts } = right.read();
          const rights = sums.map(([sum]) => sum!);
          // An epoch without adversarial examples, as TAET's first ones, says nothing.
          if (counts.some((count) => count > 0)) {
            accuracies = classAccuracies(rights, counts, options.accuracy);
          }
        }
        right.reset();
        epochNow = epoch;
      }
      const calibrated = epoch >= options.from && accuracies !== null;
      const shares = (lambda: number) =>
        calibrated ? cfaShares(accuracies!, lambda) : classCounts.map(() => 1);
      return {
        epsilon: shares(options.lambda),
        stepSize: null,
        regularisation: shares(options.regularisation),
      };
    },
    observe: (logits, labels) => right.add(logits.argmax(1).eq(labels).to("float32").unsqueeze(1), labels),
    state: () => ({ epoch: epochNow, accuracies, sums: right.state() }),
    restore(saved) {
      const { epoch, accuracies: before, sums } = readState("cfa", state(classes), saved);
      [epochNow, accuracies] = [epoch, before];
      right.reset(sums);
    },
    dispose: () => right.dispose(),
  };
}
