// How far what a device computed may be from what the CPU computed, as relative errors of whole arrays.
import { expect } from "vitest";
import type { Tensor } from "../../src/tensor/index.js";

/** Values rounded in another order, float32 without TF32: TF32 alone would be some 5e-4 off. */
export const closeValues = 2e-5;
/** Gradients through a network in float32: a ReLU near its kink may open on one side and not on the other (0.8 % seen on an H100). */
export const closeGradients = 2e-2;
/** Values and gradients in float64, where that does not happen. */
export const closeInFloat64 = 1e-9;

/** Length of the difference over the length of the CPU's array; 0 where both are 0. */
export function relativeDistance(ours: Tensor, cpu: Tensor): number {
  const [a, b] = [ours, cpu].map((side) => side.detach().to("cpu").to("float64")) as [Tensor, Tensor];
  const distance = a.sub(b).norm(2).item();
  return distance === 0 ? 0 : distance / b.norm(2).item();
}

/** Expects the device's array near the CPU's; NaN never is. */
export function expectNear(ours: Tensor, cpu: Tensor, tolerance: number, what: string): void {
  expect(ours.shape, what).toEqual(cpu.shape);
  expect(relativeDistance(ours, cpu), what).toBeLessThanOrEqual(tolerance);
}
