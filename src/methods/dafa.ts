// DAFA (Lee et al. 2024): hard classes get more weight and more epsilon, at the cost of the easy classes that resemble them.
import { z } from "zod";
import { fraction } from "../fraction.js";
import type { ClassRule } from "./class-rule.js";
import { ClassSums } from "./class-sums.js";
import type { MethodSetup } from "./method.js";
import { readState } from "./state.js";

/** Options of DAFA's class-wise budgets and weights, around any method that makes adversarial examples. */
export const dafaOptions = z.strictObject({
  lambda: fraction({ min: 0 }).default(1).meta({ help: "strength λ of what similar classes give and take" }),
  from: z.int().min(2).default(71).meta({
    help: "first epoch with weights; the similarities are those of the epoch before, and all classes are alike until then",
  }),
});
/** Resolved options of DAFA. */
export type DafaOptions = z.output<typeof dafaOptions>;

/**
 * w_i = 1 + λ·Σ_{j≠i} of S_ij·S_jj where S_ii < S_jj, else of −S_ji·S_ii, with S_ij the mean probability of class j on
 * adversarial examples of class i. Without ties the weights sum to the number of classes.
 * NOTE(official-code): of two classes that are equally hard both lose, and a weight may fall below 0.
 */
export function dafaWeights(similarities: readonly (readonly number[])[], lambda: number): number[] {
  return similarities.map((row, i) =>
    similarities.reduce((weight, other, j) => {
      if (i === j) return weight;
      const harder = row[i]! < other[j]!;
      return weight + lambda * (harder ? row[j]! * other[j]! : -other[i]! * row[i]!);
    }, 1),
  );
}

const state = (classes: number) =>
  z.strictObject({
    epoch: z.int().min(0),
    weights: z.array(z.number()).length(classes).nullable(),
    sums: z.array(z.number()).length(classes * (classes + 1)),
  });

/**
 * DAFA as a rule: epsilon, the step and the loss of a sample are w_y times their own. A weight below 0, which would train a class to be
 * mistaken, counts as 0. A class that the epoch of the similarities did not show keeps 1.
 */
export function dafaRule({ lambda, from }: DafaOptions, { classCounts, device }: MethodSetup): ClassRule {
  const classes = classCounts.length;
  const probabilities = new ClassSums(classes, classes, device);
  let epochNow = 0;
  let weights: readonly number[] | null = null;
  /** Null after an epoch without adversarial examples, as TAET's first ones. */
  const weigh = (): number[] | null => {
    const { sums, counts } = probabilities.read();
    const seen = counts.flatMap((count, k) => (count > 0 ? [k] : []));
    if (seen.length === 0) return null;
    const means = seen.map((k) => seen.map((j) => sums[k]![j]! / counts[k]!));
    const some = dafaWeights(means, lambda);
    return classCounts.map((_, k) => Math.max(some[seen.indexOf(k)] ?? 1, 0));
  };
  return {
    name: "dafa",
    beginEpoch(epoch) {
      if (epoch !== epochNow) {
        if (epoch >= from && weights === null && epochNow > 0) weights = weigh();
        probabilities.reset();
        epochNow = epoch;
      }
      const shares = weights ?? classCounts.map(() => 1);
      return { epsilon: shares, stepSize: shares, weights: shares };
    },
    observe(logits, labels) {
      if (weights === null) probabilities.add(logits.softmax(1), labels);
    },
    state: () => ({ epoch: epochNow, weights, sums: probabilities.state() }),
    restore(saved) {
      const restored = readState("dafa", state(classes), saved);
      [epochNow, weights] = [restored.epoch, restored.weights];
      probabilities.reset(restored.sums);
    },
    dispose: () => probabilities.dispose(),
  };
}
