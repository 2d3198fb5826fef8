// AutoAttack's table in the report: every accuracy with what the choice of images may have moved it by.
import { describe, expect, it } from "vitest";
import { readRun, renderReport } from "../../src/report/index.js";

const recorded = new URL("../../docs/results/runs/cifar10-lt-ur50-small-reat", import.meta.url).pathname;

/** The cells of each attack's row, from "all" to "balanced". */
function cellsOf(page: string): Record<string, string[]> {
  const table = /<table class="ensembles">[\s\S]*?<\/table>/.exec(page)![0];
  const rows = [...table.matchAll(/<tr><th scope="row">([^<]*)<\/th>(.*?)<\/tr>/g)];
  return Object.fromEntries(
    rows.map(([, attack, cells]) => [
      attack!,
      [...cells!.matchAll(/<td>(.*?)<\/td>/g)].map(([, cell]) => cell!).slice(2, 7),
    ]),
  );
}

describe("the report's table of AutoAttack", () => {
  it("tells how far the choice of images may have moved what the last attack leaves, groups as well", async () => {
    const record = await readRun(recorded);
    const rows = Object.entries(cellsOf(renderReport([record])));
    const [last, cells] = rows.at(-1)!;
    expect(last).toBe("square");
    // 218 of 1,000 images stand: Wilson's half width is 2.6 points.
    expect(cells[0]).toBe("21.8 <small>±2.6</small>");
    for (const cell of cells) expect(cell).toMatch(/^\d+\.\d <small>±\d+\.\d<\/small>$/);
    // Records of earlier releases do not tell the classes of the attacks before it.
    expect(rows[0]![1][1]).toMatch(/^\d+\.\d$/);
  });

  it("does so for every attack where the record tells their classes", async () => {
    const record = await readRun(recorded);
    const stored = record.stored.map((result) => ({
      ...result,
      ...(result.ensemble && {
        ensemble: {
          ...result.ensemble,
          outcomes: result.ensemble.outcomes.map((outcome) => ({
            ...outcome,
            perClass: result.robust.perClass,
          })),
        },
      }),
    }));
    for (const cells of Object.values(cellsOf(renderReport([{ ...record, stored }])))) {
      for (const cell of cells) expect(cell).toContain("±");
    }
  });
});
