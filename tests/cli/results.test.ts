// What the terminal says of averaged weights beside the figures.
import { describe, expect, it } from "vitest";
import { resultsFooter, resultsTable } from "../../src/cli/results.js";
import { accuracyReport, type EvaluationResult } from "../../src/evaluation/index.js";

const report = accuracyReport(
  [
    [6, 2, 0],
    [1, 3, 0],
    [1, 0, 1],
  ],
  ["head", "body", "tail"],
);

function result(checkpoint: "best" | "last", weights?: "averaged"): EvaluationResult {
  return {
    ...{ run: "small", checkpoint, epoch: 7, split: "test", dataset: "shapes", synthetic: false, weights },
    attack: { name: "pgd-20", constants: { norm: "linf", epsilon: 8 / 255, stepSize: 2 / 255, steps: 20 } },
    ...{ seeds: {}, batchSize: 14, clean: report, robust: report, seconds: 1, environment: {} },
    time: "2026-01-01T00:00:00.000Z",
  };
}

describe("averaged weights", () => {
  const images = "Accuracy in % on 14 test images of shapes, l∞ budget 8/255.";

  it("are named beside the epoch, and below the table", () => {
    const all = [result("last", "averaged"), result("best", "averaged")];
    expect(resultsTable(all)).toMatch(/^last \(epoch 7, averaged\) +clean +71\.4/m);
    expect(resultsTable(all)).toMatch(/^best \(epoch 7, averaged\) +pgd-20/m);
    expect(resultsFooter(all)).toBe(`${images}\nThe weights are a moving average over the training steps.`);
  });

  it("are told apart from trained ones", () => {
    const mixed = [result("last", "averaged"), result("best")];
    expect(resultsTable(mixed)).toMatch(/^best \(epoch 7\) +clean/m);
    expect(resultsFooter(mixed)).toContain(
      "\nAveraged weights are a moving average over the training steps.",
    );
    expect(resultsFooter([result("last")])).toBe(images);
  });
});
