// TAIL against its formula written as loops, and its gradient against finite differences with the anchor held fixed.

import { describe, expect, it } from "vitest";
import { groupBounds } from "../../src/data/index.js";
import { type TailForm, tailClasses, tailRegulariser } from "../../src/losses/index.js";
import { grad, liveTensors, scope, tensor } from "../../src/tensor/index.js";
import { expectGradient, numericalGradient, valueAndGradient } from "./numerical-gradient.js";

const counts = [60, 30, 12, 8, 5, 2];
const labels = [5, 0, 5, 3, 1, 0, 4];
const size = 4;
const features = labels.flatMap((_, i) =>
  Array.from({ length: size }, (_, d) => Math.sin(3 * i + 7 * d) * 1.5),
);

function softmax(values: readonly number[]): number[] {
  const exponentials = values.map(Math.exp);
  const total = exponentials.reduce((sum, value) => sum + value, 0);
  return exponentials.map((value) => value / total);
}

/** The definition, sample by sample; anchors have features of their own, so that they can be held fixed. */
function byLoops(
  anchor: readonly number[],
  moving: readonly number[],
  form: TailForm,
  lambda: number,
): number {
  const row = (of: readonly number[], i: number) => softmax(of.slice(i * size, (i + 1) * size));
  const total = counts.reduce((sum, count) => sum + count, 0);
  const weight = (label: number) => Math.sqrt(total / counts[label]!);
  const inTail = labels.flatMap((label, i) => (label >= groupBounds(6, "reference").tail ? [i] : []));
  const n = labels.length;
  let sum = 0;
  for (const i of inTail) {
    const divergences = labels.map((_, j) =>
      row(anchor, i).reduce((kl, p, d) => kl + p * Math.log(p / row(moving, j)[d]!), 0),
    );
    const couplings = labels.map(
      (label, j) => (label === labels[i] ? -1 : 1) * (weight(labels[i]!) + weight(labels[j]!)),
    );
    const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / n;
    sum +=
      form === "reference"
        ? (mean(divergences) / size) * mean(couplings)
        : -mean(divergences.map((kl, j) => kl * couplings[j]!));
  }
  return (lambda * sum) / inTail.length;
}

describe.each(["reference", "paper"] as const)("form %s", (form) => {
  it.each([1, 0.3])("equals its definition with lambda %d", (lambda) => {
    const regulariser = tailRegulariser(counts, { form, lambda });
    const { value, gradient } = valueAndGradient(
      (f) => regulariser(f, tensor(labels, { dtype: "int64" })),
      features,
      [labels.length, size],
    );
    expect(value).toBeCloseTo(byLoops(features, features, form, lambda), 12);
    expectGradient(
      gradient,
      numericalGradient((moving) => byLoops(features, moving, form, lambda), features),
    );
  });

  it("is 0 with zero gradient without tail samples", () => {
    const regulariser = tailRegulariser(counts, { form });
    const { value, gradient } = valueAndGradient(
      (f) => regulariser(f, tensor([0, 1, 2], { dtype: "int64" })),
      features.slice(0, 3 * size),
      [3, size],
    );
    expect(value + 0).toBe(0);
    expect(gradient.every((element) => element === 0)).toBe(true);
  });

  it("stays finite where a feature dominates so far that probabilities vanish in float32", () => {
    scope(() => {
      const f = tensor([
        [300, 0, 0],
        [0, 300, 0],
      ]).requiresGrad_();
      const value = tailRegulariser(counts, { form })(f, tensor([5, 0], { dtype: "int64" }));
      const [gradient] = grad(value, [f]);
      expect(Number.isFinite(value.item())).toBe(true);
      expect(gradient!.isFinite().all().item()).toBe(1);
    });
  });

  it("leaves no tensors behind", () => {
    const regulariser = tailRegulariser(counts, { form });
    const step = () =>
      scope(() => {
        const f = tensor(features, { shape: [labels.length, size] }).requiresGrad_();
        grad(regulariser(f, tensor(labels, { dtype: "int64" })), [f]);
      });
    step();
    const before = liveTensors();
    for (let i = 0; i < 5; i++) step();
    expect(liveTensors()).toBe(before);
  });
});

it("finds the tail of classes that are not sorted by size", () => {
  expect(tailClasses([5, 60, 2, 12, 8, 30])).toEqual([2]);
  expect(tailClasses([5, 60, 2, 12, 8, 30], "paper")).toEqual([0, 2]);
  expect(tailClasses([7, 7, 7], "paper")).toEqual([2]);
});
