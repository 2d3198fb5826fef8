// The attack objectives against their definitions, computed by hand.
import { describe, expect, it } from "vitest";
import {
  type AttackObjective,
  crossEntropyObjective,
  marginObjective,
  withLogitScale,
} from "../../src/attacks/index.js";
import { grad, tensor } from "../../src/tensor/index.js";

const rows = [
  [1, -2, 0.5],
  [0.25, 3, -1],
];
const labelValues = [0, 2];
const labels = tensor(labelValues, { dtype: "int64" });
const logits = () => tensor(rows, { dtype: "float64" });

const crossEntropyOf = (row: number[], label: number) =>
  Math.log(row.reduce((sum, z) => sum + Math.exp(z), 0)) - row[label];

function expectValues(objective: AttackObjective, expected: number[]): void {
  const values = objective(logits(), labels).toArray();
  expect(values).toHaveLength(expected.length);
  for (const [index, value] of values.entries()) expect(value).toBeCloseTo(expected[index], 12);
}

describe("attack objectives", () => {
  it("cross entropy is one value a sample", () => {
    expectValues(
      crossEntropyObjective,
      rows.map((row, i) => crossEntropyOf(row, labelValues[i])),
    );
  });

  it("the margin is the strongest other logit minus the label's", () => {
    expectValues(marginObjective, [0.5 - 1, 3 - -1]);
  });

  it("the margin's gradient touches these two logits alone", () => {
    const z = logits().requiresGrad_();
    const [gradient] = grad(marginObjective(z, labels).sum(), [z]);
    expect(gradient.toArray()).toEqual([-1, 0, 1, 0, 1, -1]);
  });

  it("a logit scale multiplies the logits", () => {
    const scaled = rows.map((row, i) =>
      crossEntropyOf(
        row.map((z) => 10 * z),
        labelValues[i],
      ),
    );
    expectValues(withLogitScale(crossEntropyObjective, 10), scaled);
  });
});
