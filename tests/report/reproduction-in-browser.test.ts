// A reproduction's page in a browser: tables with failures and caveats, and every kind of figure.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { classGroups } from "../../src/data/index.js";
import {
  type FigureKind,
  planReproduction,
  type ReproducedFigureRow,
  type Reproduction,
  readReproduction,
} from "../../src/experiments/index.js";
import { writeReproduction } from "../../src/report/index.js";
import { browserPath, launchBrowser, noBrowser, violations } from "../server/browser.js";
import { needing } from "../skipped.js";

const classNames = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];
const counts = [500, 323, 209, 135, 87, 56, 36, 23, 15, 10];

function figureRow(row: string, at: number): ReproducedFigureRow {
  const wave = (i: number) => 0.5 + 0.4 * Math.sin(i + at);
  return {
    ...{ row, runs: [`runs/${row}`], seedsDone: [0, 1, 2], trainCounts: counts },
    predictions: [1, 2, 3].map((epoch) => ({ epoch, counts: counts.map((n, k) => n + 40 * k * epoch) })),
    distances: [2, 3].map((epoch) => ({ epoch, head: 1 + wave(epoch), tail: 2 + wave(epoch) })),
    steps: [1, 10, 100].map((steps) => ({ steps, accuracy: 0.5 / (1 + steps / 40) })),
    classes: { clean: counts.map((_, k) => wave(k)), robust: counts.map((_, k) => wave(k) / 2) },
    map: {
      points: counts.flatMap((_, k) => [[Math.cos(k) + at, Math.sin(k)] as const, [k / 9, wave(k)] as const]),
      labels: counts.flatMap((_, k) => [k, k]),
    },
  };
}

/** As if its runs had ended. */
function reproduction(): Reproduction {
  const plan = planReproduction({
    ...{ artefacts: ["table-2", "figure-1", "figure-2", "figure-3", "figure-4"], seeds: [0, 1, 2] },
    ...{ budget: "cpu", runsFolder: "/nowhere/runs" },
  });
  const read = readReproduction(plan, [{ run: "reat-1", neededBy: ["table 2, REAT"], reason: "no data" }]);
  return {
    ...read,
    hardware: ["AMD EPYC, 2 of 2 cores, cpu, LibTorch 1.13.0"],
    tables: read.tables.map((table) => ({
      ...table,
      rows: table.rows.map((row) => ({
        ...row,
        seedsDone: [0, 1, 2],
        cells: row.cells.map((cell) => ({
          ...cell,
          ours: { mean: 30.1, standardError: 0.4, runs: 3 },
          ...(row.baseline !== null && { difference: { mean: -0.8, standardError: 0.35, runs: 3 } }),
        })),
      })),
    })),
    figures: read.figures.map((figure) => ({
      ...{ ...figure, classNames },
      groups: classGroups(counts),
      rows: figure.rows.map(({ row }, at) => figureRow(row, at)),
      claims: figure.claims.map((claim) => ({
        ...claim,
        ...{ difference: { mean: 1.2, standardError: 0.1, runs: 3 }, verdict: "higher" as const },
        agreement:
          claim.expected === "higher" ? ("as the text says" as const) : ("against the text" as const),
      })),
    })),
  };
}

const title = needing(browserPath !== undefined, "a reproduction's page in a browser", noBrowser);
describe.skipIf(!browserPath)(title, () => {
  let folder = "";
  let browser: Browser;
  let page: Page;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "reat-reproduction-page-"));
    const file = await writeReproduction(folder, reproduction());
    browser = await launchBrowser();
    // The page's own policy would keep axe out.
    page = await browser.newPage({ bypassCSP: true });
    await page.goto(pathToFileURL(file).href);
  });
  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it.each([
    [1280, "light"],
    [1280, "dark"],
    [390, "light"],
  ] as const)(
    "of %d pixels, %s: axe finds nothing, and it is no wider than the screen",
    async (width, colorScheme) => {
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ colorScheme });
      expect(await violations(page)).toEqual([]);
      expect(await page.evaluate<number>("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
    },
  );

  it("has a chart for each kind of figure, and each claim of the text with what was measured", async () => {
    const kinds: Readonly<Record<FigureKind, string>> = {
      predictions: "figure-1-predictions-1",
      features: "figure-2-features-1",
      distances: "figure-3-distances-tail",
      steps: "figure-4-steps",
      classes: "figure-4-classes",
    };
    for (const id of Object.values(kinds)) expect(await page.locator(`#${id}-title`).count()).toBe(1);
    expect(await page.locator("#figure-2-features-1-title ~ g circle").count()).toBe(20 + 10);
    const verdicts = await page
      .locator("section[aria-labelledby=figure-3] tbody tr td:last-child")
      .allTextContents();
    expect(verdicts).toEqual(Array(3).fill("as the text says"));
  });
});
