// Accuracies from a confusion matrix that can be checked by hand.
import { describe, expect, it } from "vitest";
import { accuracyReport } from "../../src/evaluation/index.js";

const groups = ["head", "body", "tail", "tail"] as const;

describe("the report", () => {
  it("holds what a hand count gives", () => {
    const report = accuracyReport(
      [
        [6, 2, 0, 0],
        [1, 3, 0, 0],
        [0, 0, 1, 1],
        [2, 0, 0, 0],
      ],
      groups,
    );
    expect(report).toEqual({
      total: 16,
      correct: 10,
      accuracy: 10 / 16,
      perClass: [
        { total: 8, correct: 6, accuracy: 0.75 },
        { total: 4, correct: 3, accuracy: 0.75 },
        { total: 2, correct: 1, accuracy: 0.5 },
        { total: 2, correct: 0, accuracy: 0 },
      ],
      groups: { head: 0.75, body: 0.75, tail: 0.25 },
      balanced: 0.5,
      predicted: [9, 5, 1, 1],
    });
  });

  it("leaves classes without images out of the means", () => {
    const report = accuracyReport(
      [
        [1, 1, 0, 0],
        [0, 0, 0, 0],
        [0, 0, 0, 0],
        [0, 0, 0, 3],
      ],
      groups,
    );
    expect(report.perClass[1]).toEqual({ total: 0, correct: 0, accuracy: null });
    expect(report.groups).toEqual({ head: 0.5, body: null, tail: 1 });
    expect(report.balanced).toBe(0.75);
  });

  it("refuses sizes that disagree, and nothing to measure", () => {
    expect(() => accuracyReport([[1]], groups)).toThrow(/1×1 classes came with groups for 4 classes/);
    expect(() => accuracyReport([[0]], ["head"])).toThrow("There is no image to measure accuracy on.");
  });
});
