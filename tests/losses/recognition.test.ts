// Recognition losses by name: values against their formulas, gradients against finite differences, errors, memory.
import { describe, expect, it } from "vitest";
import {
  lossOptions,
  type RecognitionLossName,
  recognitionLoss,
  recognitionLossNames,
} from "../../src/losses/index.js";
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

const total = counts.reduce((sum, count) => sum + count, 0);
const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
const mean = (values: readonly number[]) => sum(values) / values.length;

const effectiveNumber = (() => {
  const raw = counts.map((count) => (1 - 0.9999) / (1 - 0.9999 ** count));
  return raw.map((weight) => (3 * weight) / sum(raw));
})();
const margins = counts.map((count) => (0.5 * count ** -0.25) / 3 ** -0.25);

const formulas: Record<RecognitionLossName, (z: readonly number[]) => number[]> = {
  ce: (z) => rows(z, [0, 0, 0]),
  bsl: (z) => rows(z, counts.map(Math.log)),
  focal: (z) => rows(z, [0, 0, 0]).map((ce) => (1 - Math.exp(-ce)) ** 2 * ce),
  "effective-number": (z) => rows(z, [0, 0, 0]).map((ce, i) => effectiveNumber[labels[i]!]! * ce),
  ldam: (z) => {
    const lowered = z.map((value, at) => {
      const [i, k] = [Math.floor(at / 3), at % 3];
      return 30 * (k === labels[i] ? value - margins[k]! : value);
    });
    return rows(lowered, [0, 0, 0]);
  },
  "logit-adjustment": (z) =>
    rows(
      z,
      counts.map((count) => Math.log(count / total)),
    ),
  "class-temperature": (z) => {
    const temperature = counts.map((count) => (500 / count) ** 0.3);
    return rows(
      z.map((value, at) => value / temperature[at % 3]!),
      [0, 0, 0],
    );
  },
};
/** How a batch's value is made of its rows: by class weights the mean is a weighted one. */
const batchValue = (name: RecognitionLossName, z: readonly number[]) =>
  name === "effective-number"
    ? sum(formulas[name](z)) / sum(labels.map((label) => effectiveNumber[label]!))
    : mean(formulas[name](z));
const target = () => tensor(labels, { dtype: "int64" });

describe.each(recognitionLossNames)("%s", (name) => {
  it("has the formula's value and gradient", () => {
    const loss = recognitionLoss(name, counts);
    const { value, gradient } = valueAndGradient((z) => loss(z, target()), logits, [4, 3]);
    expect(value).toBeCloseTo(batchValue(name, logits), 11);
    expectGradient(
      gradient,
      numericalGradient((z) => batchValue(name, z), logits),
    );
  });

  it("gives one value a sample with reduction none", () => {
    scope(() => {
      const z = tensor(Float64Array.from(logits), { shape: [4, 3] });
      const values = recognitionLoss(name, counts, "none")(z, target()).toArray();
      for (const [i, value] of formulas[name](logits).entries()) expect(values[i]).toBeCloseTo(value, 11);
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
    'There is no loss "mse": choose one of ce, bsl, focal, effective-number, ldam, logit-adjustment, class-temperature.',
  );
  expect(() => recognitionLoss("toString" as RecognitionLossName, counts)).toThrow(
    'There is no loss "toString"',
  );
  expect(() => recognitionLoss("bsl", [10, 0])).toThrow("integers of at least 1, got 0");
  expect(() => recognitionLoss("bsl", [10])).toThrow("got 1 class");
});

describe("constants", () => {
  const z = () => tensor(Float64Array.from(logits), { shape: [4, 3] });
  const value = (loss: Parameters<typeof recognitionLoss>[0]) =>
    scope(() => recognitionLoss(loss, counts)(z(), target()).item());

  it("make other losses of the same one", () => {
    const focal = { name: "focal", gamma: 0, form: "softmax", factor: 0.5 } as const;
    expect(value(focal)).toBeCloseTo(value("ce") / 2, 12);
    expect(value({ name: "logit-adjustment", tau: 0 })).toBeCloseTo(value("ce"), 12);
    expect(value("logit-adjustment")).toBeCloseTo(value("bsl"), 12);
    expect(value({ name: "class-temperature", gamma: 0 })).toBeCloseTo(value("ce"), 12);
    expect(value({ name: "effective-number", beta: 0 })).toBeCloseTo(value("ce"), 12);
  });

  it("let LDAM weight its classes from the deferred epoch on, and not before", () => {
    const ldam = { name: "ldam", maxMargin: 0.5, scale: 10, beta: 0.9999 } as const;
    const plain = value({ ...ldam, reweightFrom: null });
    const deferred = recognitionLoss({ ...ldam, reweightFrom: 3 }, counts);
    const at = (epoch: number) => {
      deferred.beginEpoch?.(epoch);
      return scope(() => deferred(z(), target()).item());
    };
    expect(at(2)).toBe(plain);
    const perRow = recognitionLoss({ ...ldam, reweightFrom: null }, counts, "none");
    const values = scope(() => perRow(z(), target()).toArray());
    const weights = labels.map((label) => effectiveNumber[label]!);
    const weighted = sum(values.map((row, i) => row * weights[i]!)) / sum(weights);
    expect(at(3)).toBeCloseTo(weighted, 11);
    expect(at(2)).toBe(plain);
  });

  it("are read from a name alone or beside it, and resolve to themselves", () => {
    expect(lossOptions.parse("bsl")).toBe("bsl");
    const ldam = lossOptions.parse({ name: "ldam", scale: "10" });
    expect(ldam).toEqual({ name: "ldam", maxMargin: 0.5, scale: 10, reweightFrom: null, beta: 0.9999 });
    expect(lossOptions.parse(ldam)).toEqual(ldam);
    expect(lossOptions.parse("ldam")).toMatchObject({ scale: 30 });
  });

  it("say what is wrong with them", () => {
    const message = (given: unknown) => lossOptions.safeParse(given).error?.issues[0]?.message;
    expect(message("mse")).toBe(`expected one of ${recognitionLossNames.join(", ")}, got "mse"`);
    expect(message({ name: "ldam", scale: -1 })).toContain(
      "expected constants of ldam (name, maxMargin, scale, reweightFrom, beta); scale: expected a number",
    );
    expect(message({ name: "focal", tau: 1 })).toBe('Unrecognized key: "tau"');
  });
});
