// Batch normalisation in its three modes, against numbers worked out by hand.
import { beforeEach, describe, expect, it } from "vitest";
import { BatchNorm } from "../../src/nn/index.js";
import { tensor } from "../../src/tensor/index.js";

// One channel of four values: mean 3, biased variance 5, unbiased 20/3.
const input = () => tensor([0, 2, 4, 6], { shape: [2, 1, 1, 2] });
const normalised = [0, 2, 4, 6].map((x) => (x - 3) / Math.sqrt(5 + 1e-5));

let norm: BatchNorm;
beforeEach(() => {
  norm = new BatchNorm(1);
});

const state = () => [norm.runningMean.item(), norm.runningVar.item(), norm.batchesTracked.item()];

function expectClose(actual: readonly number[], expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length);
  for (const [i, value] of expected.entries()) expect(actual[i]).toBeCloseTo(value, 6);
}

describe("batch normalisation", () => {
  it("in train uses the batch and moves the running statistics, the variance unbiased", () => {
    expectClose(norm.forward(input()).toArray(), normalised);
    expectClose(state(), [0.3, 0.9 + (0.1 * 20) / 3, 1]);
    norm.forward(input());
    expectClose(state(), [0.57, 0.9 * (0.9 + 2 / 3) + 2 / 3, 2]);
  });

  it("in eval uses the running statistics and leaves them", () => {
    norm.runningMean.fill_(1);
    norm.runningVar.fill_(4);
    norm.setMode("eval");
    expectClose(
      norm.forward(input()).toArray(),
      [0, 2, 4, 6].map((x) => (x - 1) / Math.sqrt(4 + 1e-5)),
    );
    expectClose(state(), [1, 4, 0]);
  });

  it("in batch uses the batch and leaves the running statistics", () => {
    norm.runningMean.fill_(1);
    norm.setMode("batch");
    expectClose(norm.forward(input()).toArray(), normalised);
    expectClose(state(), [1, 1, 0]);
  });
});
