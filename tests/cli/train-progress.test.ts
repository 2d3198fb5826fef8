// The line that is drawn while training, and the lines that stay.
import { describe, expect, it } from "vitest";
import { epochHeader, epochLine, progressLine } from "../../src/cli/train-progress.js";
import type { TrainingProgress } from "../../src/training/index.js";

const progress: TrainingProgress = {
  epoch: 12,
  epochs: 80,
  batch: 55,
  batchesPerEpoch: 110,
  imagesPerSecond: 512.4,
  secondsLeft: 3840,
  loss: 2.2483,
  adversarialAccuracy: 0.1204,
  cleanAccuracy: 0.451,
  robustAccuracy: 0.234,
  evaluation: null,
};

describe("progressLine", () => {
  it("says all where there is room", () => {
    expect(progressLine(progress, "REAT", 160)).toBe(
      "REAT  epoch 12/80 ━━━━━━━━━━╌╌╌╌╌╌╌╌╌╌ 55/110  loss 2.248  adv. 12.0 %  clean 45.1 %  robust 23.4 %  512 images/s  1 h 04 min left",
    );
  });

  it("fits into 80 columns", () => {
    const line = progressLine(progress, "", 80);
    expect(line).toBe("12/80 ━━╌╌ 55/110  loss 2.248  adv. 12.0 %  clean 45.1 %  512/s  1 h 04 min left");
    expect(line.length).toBeLessThanOrEqual(80);
  });

  it("leaves out what is not known yet", () => {
    const early = {
      ...progress,
      loss: null,
      adversarialAccuracy: null,
      cleanAccuracy: null,
      secondsLeft: null,
    };
    expect(progressLine({ ...early, robustAccuracy: null, batch: 0 }, "", 100)).toBe(
      `epoch 12/80 ${"╌".repeat(20)} 0/110  512 images/s`,
    );
  });

  it("shows a measurement", () => {
    const evaluation = { stage: "pgd-20", done: 1, total: 4, secondsLeft: 9 };
    expect(progressLine({ ...progress, evaluation }, "", 100)).toBe(
      "epoch 12/80, measuring pgd-20 ━━━━━╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌ 1/4  1 h 04 min left",
    );
  });
});

it("an epoch's line stands under its header", () => {
  const epoch = {
    type: "epoch",
    epoch: 3,
    seconds: 61.2,
    loss: 1.23456,
    learningRate: 0.1,
    adversarialAccuracy: 0.25,
    predictedCounts: null,
    terms: {},
    method: {},
  } as const;
  const line = epochLine(epoch, 80, null);
  expect(epochHeader()).toBe("    epoch     loss adv. train    clean   robust       lr         time");
  expect(line).toBe("     3/80   1.2346     25.0 %                        0.1   1 min 01 s");
});
