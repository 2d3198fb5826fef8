// What is laid over a loss of labels: smoothed targets and weighted classes.
import { expect, it } from "vitest";
import { ClassConstant, recognitionLoss, recognitionLossNames } from "../../src/losses/index.js";
import { Generator, randn, scope, tensor } from "../../src/tensor/index.js";

const counts = [9, 5, 2];
const logits = randn([6, 3], new Generator(1)).mul(2);
const labels = tensor([0, 1, 2, 0, 1, 0], { dtype: "int64" });
const value = (...given: Parameters<typeof recognitionLoss>) =>
  scope(() => recognitionLoss(...given)(logits, labels).toArray());

it.each(["bsl", "logit-adjustment", "class-temperature", "ldam"] as const)(
  "%s of smoothed labels is the mean over labels, the true one most",
  (name) => {
    // Of the margin of LDAM only the true label's is taken off, so its smoothed form is not a mean of losses.
    if (name === "ldam") {
      expect(value(name, counts, "mean", { labelSmoothing: 0.2 })).not.toEqual(value(name, counts));
      return;
    }
    const every = [0, 1, 2].map((k) =>
      scope(() =>
        recognitionLoss(name, counts)(logits, tensor(new Array(6).fill(k), { dtype: "int64" })).item(),
      ),
    );
    const [plain] = value(name, counts) as [number];
    const spread = every.reduce((sum, one) => sum + one / 3, 0);
    expect(value(name, counts, "mean", { labelSmoothing: 0.2 })[0]).toBeCloseTo(
      0.8 * plain + 0.2 * spread,
      5,
    );
  },
);

it.each(recognitionLossNames)("%s without smoothing is the loss as it was, bit by bit", (name) => {
  expect(value(name, counts, "mean", { labelSmoothing: 0, classWeights: null })).toEqual(value(name, counts));
});

it.each(recognitionLossNames)(
  "%s with weighted classes is the mean of w_y times the samples' losses",
  (name) => {
    const weights = new ClassConstant([0.5, 2, 0]);
    const samples = value(name, counts, "none");
    const weighted = samples.map((loss, i) => loss * weights.values[labels.toArray()[i]!]!);
    const mean = weighted.reduce((sum, loss) => sum + loss / 6, 0);
    expect(value(name, counts, "mean", { classWeights: weights })[0]).toBeCloseTo(mean, 5);
    weights.dispose();
  },
);

it("refuses what no share is, and a focal loss of smoothed labels", () => {
  expect(() => recognitionLoss("ce", counts, "mean", { labelSmoothing: 1 })).toThrow("below 1, got 1");
  expect(() => recognitionLoss("ce", counts, "mean", { labelSmoothing: Number.NaN })).toThrow("got NaN");
  expect(() => recognitionLoss("focal", counts, "mean", { labelSmoothing: 0.1 })).toThrow(
    "focal loss weighs",
  );
});
