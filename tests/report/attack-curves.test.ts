// Curves are found among ordinary results, drawn for several runs in one chart, and kept out of the table; AutoAttack has its hash.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AccuracyReport, type EvaluationResult, writeResult } from "../../src/evaluation/index.js";
import { type RunRecord, readRun, renderReport, resultRows } from "../../src/report/index.js";
import { type FixtureOptions, writeFixture } from "./run-fixture.js";

const root = mkdtempSync(join(tmpdir(), "reat-curves-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const hash = "0123456789ab".padEnd(64, "c");
const records: RunRecord[] = [];

/** As many of the images right as the accuracy says, alike in all classes as far as whole images allow. */
function withAccuracy(report: AccuracyReport, wanted: number): AccuracyReport {
  const correct = Math.round(report.total * wanted);
  const { length } = report.perClass;
  const perClass = report.perClass.map(({ total }, id) => {
    const right = Math.floor((correct + id) / length);
    return { total, correct: right, accuracy: right / total };
  });
  const accuracy = correct / report.total;
  return {
    ...report,
    correct,
    accuracy,
    perClass,
    balanced: accuracy,
    groups: { head: accuracy, body: accuracy, tail: accuracy },
  };
}

beforeAll(async () => {
  for (const [name, method] of [
    ["first", "pgd-at"],
    ["second", "reat"],
  ] as const) {
    const options: FixtureOptions = { name, method, attacks: ["pgd-20"] };
    const folder = await writeFixture(root, options);
    const [usual] = (await readRun(folder)).stored.filter(({ checkpoint }) => checkpoint === "best");
    const evaluations = join(folder, "evaluations");
    const store = (
      attack: EvaluationResult["attack"],
      accuracy: number,
      more: Partial<EvaluationResult> = {},
    ) =>
      writeResult(evaluations, { ...usual!, attack, robust: withAccuracy(usual!.robust, accuracy), ...more });
    const { constants } = usual!.attack;
    for (const steps of [1, 10, 100]) {
      await store({ name: `pgd-${steps}`, constants: { ...constants, steps } }, 0.6 - steps / 400);
    }
    for (const epsilon of [0, 2 / 255, 4 / 255]) {
      const stepSize = epsilon === 0 ? 2 / 255 : epsilon / 4;
      await store({ name: "pgd-20", constants: { ...constants, epsilon, stepSize } }, 0.8 - 10 * epsilon);
    }
    const verification = {
      ...{ largestPerturbation: 0.0313725, insideBall: true, lowestPixel: 0, highestPixel: 1 },
      ...{ insideRange: true, accuracy: 0.25, agrees: true },
    };
    const outcome = { attack: "apgd-ce", attacked: 8000, standing: 2900, accuracy: 0.29, balanced: 0.29 };
    const groups = { head: 0.4, body: 0.3, tail: 0.2 };
    await store(
      { name: "autoattack", constants: { norm: "linf", epsilon: 8 / 255, constantsHash: hash } },
      0.25,
      {
        ensemble: {
          ...{ version: "standard", constantsHash: hash, verification, robust: "1".repeat(10_000) },
          outcomes: [{ ...outcome, groups, seconds: 75 }],
          warnings: [{ name: "square-stronger", message: "Square fooled some <more>." }],
        },
      },
    );
    records.push(await readRun(folder));
  }
});

const charts = (page: string) => page.match(/<svg class="chart"[\s\S]*?<\/svg>/g) ?? [];

describe("the report", () => {
  it("draws both curves, both runs in each, ordinary results among the points", () => {
    const found = charts(renderReport(records)).filter((svg) => svg.includes('id="strength-'));
    expect(found).toHaveLength(2);
    const [steps, radii] = found as [string, string];
    expect(steps).toContain("Robust accuracy against the number of steps");
    // 1, 10, 20 (the ordinary result) and 100 steps of both runs.
    expect(steps.match(/class="hit"/g)).toHaveLength(8);
    expect(steps).toContain("<title>first, best, 100 steps: 35</title>");
    expect(steps).toContain("steps, logarithmic");
    expect(radii).toContain("Robust accuracy against ε");
    expect(radii.match(/class="hit"/g)).toHaveLength(8);
    expect(radii).toContain("<title>second, best, ε = 0: 80</title>");
    expect(radii).toContain("<title>second, best, ε = 4/255: 64</title>");
    expect(radii).toContain("ε in 255ths");
    const { file } = records[1]!.stored.find(({ attack }) => attack.name === "pgd-100")!;
    expect(renderReport(records)).toContain(`<td><code>${records[1]!.folder}/${file}</code></td>`);
  });

  it("keeps the points of curves out of the table, all but what was configured", () => {
    const [best] = resultRows(records[0]!);
    expect(best!.measurements.map(({ attack }) => attack)).toEqual([
      "clean",
      "pgd-20",
      "autoattack [0123456789ab]",
    ]);
  });

  it("tells AutoAttack attack by attack, with the constants' hash beside the number", () => {
    const page = renderReport(records);
    expect(page).toContain("AutoAttack [0123456789ab]");
    expect(page).toContain(`constants ${hash}.`);
    expect(page).toMatch(
      /<th scope="row">apgd-ce<\/th><td>8.000<\/td><td>5.100<\/td><td>29\.0 <small>±[\d.]+<\/small><\/td>/,
    );
    expect(page).toContain("Verified: the saved images stay in the ball");
    const { file } = records[0]!.stored.find(({ ensemble }) => ensemble)!;
    expect(page).toContain(` From <code>${records[0]!.folder}/${file}</code>.`);
    expect(page).toContain("<strong>square-stronger</strong>: Square fooled some &lt;more&gt;.");
  });

  it("takes the weights measured last, where a run was continued", async () => {
    const folder = await writeFixture(root, { name: "continued", method: "reat" });
    const [last] = (await readRun(folder)).stored.filter(({ checkpoint }) => checkpoint === "last");
    await writeResult(join(folder, "evaluations"), {
      ...last!,
      ...{ epoch: 40, time: "2027-01-01T00:00:00.000Z" },
      attack: { name: "pgd-100", constants: { ...last!.attack.constants, steps: 100 } },
    });
    const row = resultRows(await readRun(folder)).find(({ checkpoint }) => checkpoint === "last");
    expect(row!.epoch).toBe(40);
    expect(row!.measurements.map(({ attack }) => attack)).toEqual(["clean", "pgd-100"]);
  });
});
