// The page of an audit: every row and figure is on it, texts are escaped, a map has a cell for each loss.
import { describe, expect, it } from "vitest";
import type { AuditRecord } from "../../src/experiments/index.js";
import { renderAudit } from "../../src/report/index.js";

const record: AuditRecord = {
  subject: "a <run>, best checkpoint",
  verdict: "pass",
  figure: { verdict: "overstated", quote: { attack: "pgd-20 --logit-scale 10", accuracy: 0.28 } },
  rows: [
    {
      name: "logit-scale",
      title: "a factor on the logits makes no attack stronger",
      verdict: "overstates",
      measured: { "accuracy x1": 0.335, "accuracy x10": 0.28 },
      threshold: "at most 2.0 % less",
      explanation: "With the logits times 10 the attack leaves 28.0 % instead of 33.5 %.",
      source: "a paper & another",
    },
  ],
  images: 200,
  clean: 0.75,
  robust: 0.335,
  surfaces: [
    {
      image: 0,
      label: 1,
      offsets: [-2, 0, 2],
      losses: [
        [0.1, 0.1, 0.1],
        [0.5, 1, 0.5],
        [2, 3, 2],
      ],
    },
  ],
  seconds: 1,
  weights: null,
  imagesSha256: "0".repeat(64),
  dataset: "cifar10",
  synthetic: false,
  classNames: ["cat", "dog"],
  budget: { norm: "linf", epsilon: 8 / 255, stepSize: 2 / 255 },
  surrogate: null,
  seeds: { subset: 0, evaluation: 4 },
  batchSize: 250,
  time: "2026-01-01T00:00:00.000Z",
  environment: {} as AuditRecord["environment"],
};

describe("renderAudit", () => {
  const page = renderAudit(record);

  it("says verdict, budget and accuracies at the top", () => {
    expect(page).toContain("<h1>Audit of a &lt;run&gt;, best checkpoint: pass</h1>");
    expect(page).toContain(
      "200 test images of cifar10, l∞ budget 8/255. Accuracy is 0.75 without an attack and 0.335",
    );
  });

  it("has a row for each check, with figures, threshold and source", () => {
    expect(page).toContain("! overstates");
    expect(page).toContain(
      "The plain attack overstates (33.5 %): quote AutoAttack&#39;s figure or at least that of pgd-20 --logit-scale 10, which leaves 28.0 %.",
    );
    expect(page).toContain("<br/>accuracy x10: 0.28");
    expect(page).toContain("at most 2.0 % less");
    expect(page).toContain("a paper &amp; another");
  });

  it("draws each loss as a cell, higher losses in other colours, rows along the gradient upwards", () => {
    const cells = [
      ...page.matchAll(/<rect x="([\d.]+)" y="([\d.]+)"[^>]*style="fill:var\(--class-(\d+)\)"/g),
    ];
    expect(cells).toHaveLength(9);
    const [y, shade] = [2, 3].map((group) => cells.map((cell) => Number(cell[group])));
    expect(shade![7]).toBe(63);
    expect(shade![0]).toBe(0);
    expect(y![8]).toBeLessThan(y![0]!);
    expect(page).toContain("0.100 to 3.00");
  });

  it("leaves the maps out where nothing was measured for them", () => {
    expect(renderAudit({ ...record, surfaces: [] })).not.toContain("<svg");
  });
});
