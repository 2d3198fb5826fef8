// Recognition losses by name: values against their formulas, gradients against finite differences, errors, memory.
import { describe, expect, it } from "vitest";
import { type RecognitionLossName, recognitionLoss, recognitionLossNames } from "../../src/losses/index.js";
import { type DType, grad, inferenceMode, liveTensors, scope, tensor } from "../../src/tensor/index.js";
import { expectGradient, numericalGradient, valueAndGradient } from "./numerical-gradient.js";

const counts = [500, 40, 3];
const labels = [2, 0, 1, 2];
const logits = [0.3, -1.2, 2.5, 1.1, 0.4, -0.7, -2, 1.5, 0.2, 3, 1, -1];

/** Cross entropy of each row of logits + shift, in plain numbers. */
function rows(z: readonly number[], shift: readonly number[]): number[] {
  return labels.map((label, i) => {
    const row = shift.map((s, k) => z[i * 3 + k]! + s);
    return Math.log(row.reduce((sum, value) => sum + Math.exp(value), 0)) - row[label]!;
  });
}

const formulas: Record<RecognitionLossName, (z: readonly number[]) => number[]> = {
  ce: (z) => rows(z, [0, 0, 0]),
  bsl: (z) => rows(z, counts.map(Math.log)),
};
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const target = () => tensor(labels, { dtype: "int64" });

describe.each(recognitionLossNames)("%s", (name) => {
  it("has the formula's value and gradient", () => {
    const loss = recognitionLoss(name, counts);
    const { value, gradient } = valueAndGradient((z) => loss(z, target()), logits, [4, 3]);
    expect(value).toBeCloseTo(mean(formulas[name](logits)), 12);
    expectGradient(
      gradient,
      numericalGradient((z) => mean(formulas[name](z)), logits),
    );
  });

  it("gives one value a sample with reduction none", () => {
    scope(() => {
      const z = tensor(Float64Array.from(logits), { shape: [4, 3] });
      const values = recognitionLoss(name, counts, "none")(z, target()).toArray();
      for (const [i, value] of formulas[name](logits).entries()) expect(values[i]).toBeCloseTo(value, 12);
    });
  });

  it("works in float32 and float64 in turn, also after inference mode", () => {
    const loss = recognitionLoss(name, counts);
    const evaluate = (dtype: DType) =>
      scope(() => {
        const z = tensor(Float64Array.from(logits), { shape: [4, 3] })
          .to(dtype)
          .requiresGrad_();
        const value = loss(z, target());
        const [gradient] = grad(value, [z]);
        return [value.dtype, gradient!.dtype];
      });
    inferenceMode(() => scope(() => loss(tensor([[0, 1, 2]]), tensor([1], { dtype: "int64" })).item()));
    for (const dtype of ["float32", "float64", "float32"] as const) {
      expect(evaluate(dtype)).toEqual([dtype, dtype]);
    }
  });

  it("leaves no tensors behind", () => {
    const loss = recognitionLoss(name, counts);
    const step = () =>
      scope(() => {
        const z = tensor(logits, { shape: [4, 3] }).requiresGrad_();
        grad(loss(z, target()), [z]);
      });
    step();
    const before = liveTensors();
    for (let i = 0; i < 5; i++) step();
    expect(liveTensors()).toBe(before);
  });
});

it("refuses an unknown name and impossible counts in one sentence", () => {
  expect(() => recognitionLoss("mse" as RecognitionLossName, counts)).toThrow(
    'There is no loss "mse": choose one of ce, bsl.',
  );
  expect(() => recognitionLoss("toString" as RecognitionLossName, counts)).toThrow(
    'There is no loss "toString"',
  );
  expect(() => recognitionLoss("bsl", [10, 0])).toThrow("integers of at least 1, got 0");
  expect(() => recognitionLoss("bsl", [10])).toThrow("got 1 class");
});
