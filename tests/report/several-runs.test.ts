// Reports of several runs: margins and means over seeds, data sets apart, axes, colours, what is said once and what only where it holds.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunRecord, readRun, renderReport, resultRows } from "../../src/report/index.js";
import { marginsOf, wilsonMargin } from "../../src/report/reading/margins.js";
import { seedMeans } from "../../src/report/reading/seed-means.js";
import { type FixtureOptions, fixtureCounts, fixtureReport, writeFixture } from "./run-fixture.js";

let parent = "";
beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), "reat-several-"));
});
afterAll(() => rm(parent, { recursive: true, force: true }));

const run = async (options: FixtureOptions) => readRun(await writeFixture(parent, options));
const onData = (record: RunRecord, name: string): RunRecord => ({
  ...record,
  data: { ...record.data!, name },
});
const occurrences = (text: string, part: string) => text.split(part).length - 1;

describe("margins", () => {
  it("are Wilson's, as in tables of his interval", () => {
    // 50 of 100: 0.4038 to 0.5962; none of 100: 0 to 0.0370.
    expect(wilsonMargin(0.5, 100)).toBeCloseTo((0.5962 - 0.4038) / 2, 4);
    expect(wilsonMargin(0, 100)).toBeCloseTo(0.037 / 2, 4);
  });

  it("of a mean over classes follow from its classes'", () => {
    const options: FixtureOptions = { name: "any", method: "reat", epochs: 8 };
    const report = fixtureReport(options, 8, true);
    const margins = marginsOf(report, fixtureCounts(10));
    const own = report.perClass.map(({ correct, total }) => wilsonMargin(correct / total, total));
    expect(margins.balanced).toBeCloseTo(Math.hypot(...own) / 10, 12);
    expect(margins.all).toBeCloseTo(wilsonMargin(report.accuracy, 10_000), 12);
    // A group has fewer images than all, so its figure is less certain.
    expect(margins.tail!).toBeGreaterThan(margins.balanced!);
    expect(marginsOf(report, undefined)).toMatchObject({ head: null, body: null, tail: null });
  });
});

describe("runs that differ in their seeds alone", () => {
  it("have a mean and its standard error below them", async () => {
    const [first, other] = [
      await run({ name: "seed-0", method: "reat", epochs: 8 }),
      await run({ name: "seed-1", method: "reat", epochs: 10 }),
    ];
    const second = { ...other, config: { ...first.config, name: "seed-1", seeds: { order: 1 } } };
    const [best] = seedMeans([first, second]);
    const [a, b] = [first, second].map(
      (record) =>
        resultRows(record)[0]!.measurements.find(({ attack }) => attack === "pgd-20")!.figures.tail!,
    ) as [number, number];
    expect(a).not.toBe(b);
    expect(best!.attacks.get("pgd-20")!.tail!.mean).toBeCloseTo((a + b) / 2, 12);
    expect(best!.attacks.get("pgd-20")!.tail!.standardError).toBeCloseTo(Math.abs(a - b) / 2, 12);
    const text = renderReport([first, second]);
    expect(text).toContain('<th scope="row">mean of 2 seeds: seed-0, seed-1</th><th scope="row">best</th>');
    expect(renderReport([first, other])).not.toContain("mean of 2 seeds");
  });
});

describe("runs on several data sets", () => {
  it("stand apart, a method in one colour on all of them", async () => {
    const [plain, balanced] = [
      await run({ name: "plain", method: "pgd-at", epochs: 4 }),
      await run({ name: "balanced", method: "reat", epochs: 4 }),
    ];
    const elsewhere = { ...onData(balanced, "other set"), name: "elsewhere" };
    const text = renderReport([plain, balanced, elsewhere]);
    expect(text).toContain('<h2 id="results-1">Results, fixture</h2>');
    expect(text).toContain('<h2 id="results-2">Results, other set</h2>');
    const headline = /<ul class="headline">(.*?)<\/ul>/s.exec(text)![1]!;
    expect(headline).toContain("balanced − plain, PGD-20");
    expect(headline).not.toContain("elsewhere");
    const colourOf = (label: string) =>
      new RegExp(`background:(var\\(--run-\\d\\))"></span>${label}<`).exec(text)![1];
    expect(colourOf("elsewhere")).toBe(colourOf("balanced"));
    expect(colourOf("plain")).not.toBe(colourOf("balanced"));
    const ids = [...text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const links = [...text.matchAll(/ href="#([^"]+)"/g)].map(([, id]) => id);
    expect(links).toContain("results-2");
    expect(links.filter((id) => !ids.includes(id))).toEqual([]);
    for (const [, labels] of text.matchAll(/ aria-labelledby="([^"]+)"/g)) {
      for (const id of labels!.split(" ")) expect(ids).toContain(id);
    }
  });
});

describe("a report", () => {
  it("begins with what it comes down to", async () => {
    const one = await run({ name: "one", method: "reat", epochs: 8 });
    const figures = resultRows(one)[0]!.measurements.at(-1)!.figures;
    expect(renderReport([one])).toMatch(
      new RegExp(
        `<p class="headline">${(100 * figures.all).toFixed(1)} <small>±[\\d.]+</small> % of 10\u202f000 test images`,
      ),
    );
  });

  it("is not stretched by a run that was to go on for longer", async () => {
    const text = renderReport([
      await run({ name: "whole", method: "reat", epochs: 8 }),
      await run({ name: "ended", method: "reat", epochs: 77, logged: 3 }),
    ]);
    expect(text).toContain(">8</text>");
    expect(text).not.toContain(">77</text>");
  });

  it("says once what holds for several runs", async () => {
    const records = await Promise.all(
      ["a", "b", "c"].map((name) => run({ name, method: "reat", epochs: 8, logged: 3 })),
    );
    const [sentence] = records[0]!.missing;
    const text = renderReport(records);
    expect(occurrences(text, sentence!)).toBe(1);
    expect(text).toContain("<strong>All runs</strong>");
  });

  it("explains a gap where there is one, and the mean over classes where it is not the accuracy", async () => {
    const finished = await run({ name: "finished", method: "reat", epochs: 8 });
    const logged = await run({ name: "logged", method: "reat", epochs: 4, evaluated: false });
    const noBest = { ...logged, best: null };
    expect(renderReport([finished])).toContain("The gap is best minus last");
    expect(renderReport([noBest])).not.toContain("The gap is");
    expect(renderReport([finished])).not.toContain(">balanced</th>");
    const uneven = { ...finished, stored: finished.stored.map((s) => ({ ...s, robust: unevenReport() })) };
    expect(renderReport([uneven])).toContain(">balanced</th>");
  });
});

/** One class with many images and the others with few, so that the mean over classes is not the accuracy. */
function unevenReport() {
  const report = fixtureReport({ name: "any", method: "reat", epochs: 8 }, 8, true);
  return { ...report, balanced: report.accuracy - 0.1 };
}
