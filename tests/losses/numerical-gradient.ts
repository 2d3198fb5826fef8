// Gradients by central differences, to hold analytic ones to.
import { expect } from "vitest";
import { grad, scope, type Tensor, tensor } from "../../src/tensor/index.js";

/** Central differences of a function of plain numbers. */
export function numericalGradient(
  f: (x: readonly number[]) => number,
  x: readonly number[],
  step = 1e-5,
): number[] {
  const at = (i: number, shift: number) => f(x.map((value, j) => (i === j ? value + shift : value)));
  return x.map((_, i) => (at(i, step) - at(i, -step)) / (2 * step));
}

/** Value and gradient in float64 of a scalar function of one tensor. */
export function valueAndGradient(
  f: (x: Tensor) => Tensor,
  x: readonly number[],
  shape: readonly number[],
): { value: number; gradient: number[] } {
  return scope(() => {
    const input = tensor(Float64Array.from(x), { shape }).requiresGrad_();
    const value = f(input);
    const [gradient] = grad(value, [input]) as [Tensor];
    return { value: value.item(), gradient: gradient.toArray() };
  });
}

/** Expects every element within `tolerance` of the largest reference element. */
export function expectGradient(
  actual: readonly number[],
  reference: readonly number[],
  tolerance = 1e-8,
): void {
  const largest = Math.max(...reference.map(Math.abs));
  expect(largest).toBeGreaterThan(0);
  for (const [i, value] of reference.entries()) {
    expect(Math.abs(actual[i]! - value), `element ${i}`).toBeLessThanOrEqual(tolerance * largest);
  }
}
