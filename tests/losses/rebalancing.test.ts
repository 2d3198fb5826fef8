// RBL: weights at their edges, both forms against formulas and finite differences.
import { describe, expect, it } from "vitest";
import { type RebalancingOptions, rblWeights, rebalancedLoss } from "../../src/losses/index.js";
import { scope, tensor } from "../../src/tensor/index.js";
import { expectGradient, numericalGradient, valueAndGradient } from "./numerical-gradient.js";

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

describe.each(["weight", "logit"] as const)("form %s", (form) => {
  it("takes other weights in the place of the ones it began with", () =>
    scope(() => {
      const logits = () => tensor([0.5, -1, 2, 0.1, 0.2, 0.3], { shape: [2, 3] }).requiresGrad_();
      const labels = tensor([2, 0], { dtype: "int64" });
      const loss = rebalancedLoss([1, 2, 0.5], { form });
      const before = loss(logits(), labels).item();
      loss.update([0.3, 4, 2]);
      const after = loss(logits(), labels).item();
      expect(after).toBe(rebalancedLoss([0.3, 4, 2], { form })(logits(), labels).item());
      expect(Math.abs(after - before)).toBeGreaterThan(0.01);
      expect(() => loss.update([0.3, 4, 0])).toThrow("Class weights must be positive, got 0");
      loss.dispose();
    }));
});

describe("weights", () => {
  it("sum to the number of classes and fall with the predicted count", () => {
    for (const rounding of ["reference", "float32", "float64"] as const) {
      const weights = rblWeights([100, 100, 100, 100], [1, 10, 100, 1000], rounding);
      expect(sum(weights)).toBeCloseTo(4, 6);
      expect([...weights].sort((a, b) => b - a)).toEqual(weights);
    }
  });

  it("equal the effective number's inverse in float64", () => {
    const effective = (n: number, m: number) =>
      sum(Array.from({ length: m }, (_, power) => ((n - 1) / n) ** power));
    const inverse = [1 / (effective(50, 70) + 1e-5), 1 / (effective(9, 3) + 1e-5)];
    const weights = rblWeights([50, 9], [70, 3], "float64");
    for (const [k, value] of inverse.entries())
      expect(weights[k]).toBeCloseTo((2 * value) / sum(inverse), 12);
  });

  it("explode for a class that was never predicted, by the factor E + 1e-5 over 1e-5", () => {
    const [predicted, never] = rblWeights([100, 100], [1, 0], "float64") as [number, number];
    expect(never / predicted).toBeCloseTo((1 + 1e-5) / 1e-5, 3);
    expect(rblWeights([100, 100], [0, 0])).toEqual([1, 1]);
  });

  it("are defined for a class of one image", () => {
    expect(rblWeights([1, 1], [5, 1])).toEqual([1, 1]);
    expect(rblWeights([1, 1], [0, 1], "float64")[0]).toBeCloseTo(2, 4);
  });

  it("follow from counts that fit, or one sentence says why not", () => {
    expect(() => rblWeights([10, 5], [1])).toThrow("got 1 for 2 classes");
    expect(() => rblWeights([10, 5], [1, -1])).toThrow("integers of at least 0, got -1");
    expect(() => rblWeights([10, 0.5], [1, 1])).toThrow("integers of at least 1, got 0.5");
  });
});

describe("loss", () => {
  const weights = [0.1, 0.4, 2.5];
  const labels = [2, 0, 1, 2];
  const logits = [0.3, -1.2, 2.5, 1.1, 0.4, -0.7, -2, 1.5, 0.2, 3, 1, -1];
  const target = () => tensor(labels, { dtype: "int64" });
  const crossEntropies = (z: readonly number[], shift: readonly number[]) =>
    labels.map((label, i) => {
      const row = shift.map((s, k) => z[i * 3 + k]! + s);
      return Math.log(sum(row.map(Math.exp))) - row[label]!;
    });
  const weighted = (z: readonly number[]) =>
    crossEntropies(z, [0, 0, 0]).map((value, i) => value * weights[labels[i]!]!);
  const shifted = (tau: number) => (z: readonly number[]) =>
    crossEntropies(
      z,
      weights.map((weight) => tau * Math.log(weight)),
    );
  const totalWeight = sum(labels.map((label) => weights[label]!));

  const forms: [RebalancingOptions, (z: readonly number[]) => number[], number][] = [
    [{}, weighted, totalWeight],
    [{ form: "logit" }, shifted(1), 4],
    [{ form: "logit", tau: 0.5 }, shifted(0.5), 4],
  ];

  it.each(forms)("with options %j has the formula's value and gradient", (options, formula, divisor) => {
    const loss = rebalancedLoss(weights, options);
    const mean = (z: readonly number[]) => sum(formula(z)) / divisor;
    const { value, gradient } = valueAndGradient((z) => loss(z, target()), logits, [4, 3]);
    expect(value).toBeCloseTo(mean(logits), 12);
    expectGradient(gradient, numericalGradient(mean, logits));

    scope(() => {
      const z = tensor(Float64Array.from(logits), { shape: [4, 3] });
      const perSample = rebalancedLoss(weights, { ...options, reduction: "none" })(z, target()).toArray();
      for (const [i, expected] of formula(logits).entries()) expect(perSample[i]).toBeCloseTo(expected, 12);
    });
  });

  it("stays finite in float32 with the weights of classes never predicted", () => {
    const extreme = rblWeights([5000, 100, 100], [9000, 0, 0]);
    for (const form of ["weight", "logit"] as const) {
      scope(() => {
        const value = rebalancedLoss(extreme, { form })(tensor(logits, { shape: [4, 3] }), target()).item();
        expect(Number.isFinite(value)).toBe(true);
        expect(value).toBeGreaterThan(0);
      });
    }
  });

  it("refuses weights that are not positive", () => {
    expect(() => rebalancedLoss([1, 0])).toThrow("Class weights must be positive, got 0");
    expect(() => rebalancedLoss([1, Number.NaN])).toThrow("Class weights must be positive, got NaN");
  });
});
