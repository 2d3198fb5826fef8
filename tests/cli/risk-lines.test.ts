// The table that `reat eval --risk` prints.
import { expect, it } from "vitest";
import { riskLines } from "../../src/cli/risk-lines.js";
import { accuracyReport } from "../../src/evaluation/index.js";
import type { EvaluateRunOutcome } from "../../src/experiments/index.js";

it("shows risks by class, the largest training class first, both means, and what the theorem says", () => {
  // Of 100 images of each class 90, 40 and 70 are right when clean; 45, 10 and 20 of those are lost to the attack.
  const clean = accuracyReport(
    [
      [90, 10, 0],
      [60, 40, 0],
      [0, 30, 70],
    ],
    ["head", "tail", "body"],
  );
  const outcome = {
    run: { name: "birds" },
    classes: { names: ["jay", "owl", "tit"], counts: [500, 20, 100] },
    results: [
      {
        ...{ checkpoint: "best", clean, lost: [45, 10, 20] },
        attack: { name: "pgd-20", constants: { norm: "linf", epsilon: 8 / 255, stepSize: 2 / 255 } },
      },
      // Without counts of lost images there is nothing to say.
      { checkpoint: "last", clean, attack: { name: "pgd-20", constants: {} } },
    ],
  } as unknown as EvaluateRunOutcome;
  const lines = riskLines(outcome)
    .split("\n")
    .map((line) => line.trimEnd());
  expect(lines[0]).toBe("Risk in % of birds, best, pgd-20, on 300 images");
  const cells = (name: string) => lines.find((line) => line.startsWith(name))!.split(/ {2,}/);
  expect(lines.findIndex((line) => line.startsWith("tit"))).toBeLessThan(
    lines.findIndex((line) => line.startsWith("owl")),
  );
  expect(cells("jay")).toEqual(["jay", "500", "10.0", "45.0", "55.0"]);
  expect(cells("tit")).toEqual(["tit", "100", "30.0", "20.0", "50.0"]);
  expect(cells("owl")).toEqual(["owl", "20", "60.0", "10.0", "70.0"]);
  expect(cells("mean over classes").slice(-3)).toEqual(["33.3", "25.0", "58.3"]);
  // 500, 100 and 20 of 620 training images.
  expect(cells("mean by training frequency").slice(-3)).toEqual(["14.8", "39.8", "54.7"]);
  expect(lines.filter((line) => /the assumption holds/.test(line))).toHaveLength(1);
  expect(lines.at(-1)).toMatch(/^natural: wrong when clean/);
});
