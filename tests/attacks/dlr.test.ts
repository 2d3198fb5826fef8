// The logit ratio objectives on numbers worked out by hand.
import { describe, expect, it } from "vitest";
import { classOfRank, dlrObjective, targetedDlrObjective } from "../../src/attacks/dlr.js";
import { grad, type Tensor, tensor } from "../../src/tensor/index.js";

const logits = () =>
  tensor([
    [4, 1, 3, 0],
    [1, 5, 2, 4],
  ]);
const int = (values: number[]) => tensor(values, { dtype: "int64" });

function expectClose(values: Tensor, expected: number[]): void {
  for (const [i, value] of values.toArray().entries()) expect(value).toBeCloseTo(expected[i]!, 6);
}

describe("dlr", () => {
  it("is negative where the label wins and positive where it loses", () => {
    // −(4 − 3)/(4 − 1) and −(2 − 5)/(5 − 2)
    expectClose(dlrObjective(logits(), int([0, 2])), [-1 / 3, 1]);
  });

  it("does not depend on the scale of the logits", () => {
    expectClose(dlrObjective(logits().mul(100), int([0, 2])), [-1 / 3, 1]);
  });

  it("towards a target divides by the spread of the upper four", () => {
    // −(4 − 1)/(4 − (1 + 0)/2) and −(5 − 4)/(5 − (2 + 1)/2)
    expectClose(targetedDlrObjective(logits(), int([0, 1]), int([1, 3])), [-3 / 3.5, -1 / 3.5]);
  });

  it("has the gradient of its formula", () => {
    const z = tensor([[4, 1, 3, 0]]).requiresGrad_();
    const [g] = grad(dlrObjective(z, int([0])).sum(), [z]);
    // d/dz of (z2 − z0)/(z0 − z1): −1/3 + 1/9 for z0, −1/9 for z1, 1/3 for z2
    expectClose(g!, [-1 / 3 + 1 / 9, -1 / 9, 1 / 3, 0]);
  });

  it("ranks classes", () => {
    expect(classOfRank(logits(), 2).toArray()).toEqual([2, 3]);
  });

  it("needs enough classes", () => {
    const two = tensor([[1, 2]]);
    expect(() => dlrObjective(two, int([0]))).toThrow(
      "Objective dlr needs 3 classes or more, the model has 2",
    );
    const three = tensor([[1, 2, 3]]);
    expect(() => targetedDlrObjective(three, int([0]), int([1]))).toThrow("needs 4 classes or more");
  });
});
