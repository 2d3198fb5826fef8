// Reproducing the paper: which rows share runs, what differences allow to say, what the page holds; no run is trained here.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  budgetNames,
  differenceSentence,
  differenceVerdict,
  meanOfRuns,
  pairedDifference,
  paperFigures,
  paperRows,
  planReproduction,
  publishedRow,
  readReproduction,
  reproducedRows,
} from "../../src/experiments/index.js";
import { renderReproduction, reproductionCsv } from "../../src/report/index.js";

const runsFolder = "/nowhere/runs";
const plan = (artefacts: string[], more = {}) =>
  planReproduction({ artefacts, seeds: [0], budget: "paper", runsFolder, ...more });

describe("a plan", () => {
  it("shares a run between rows whose weights are the same, and nothing else", () => {
    const { trainings, rows } = plan(["table-1", "table-2", "table-3", "table-8", "table-12"]);
    const reat = trainings.filter(({ neededBy }) => neededBy.includes("table 2, REAT"));
    expect(reat).toHaveLength(1);
    // The l2 attacks of table 12 are on the models of the other tables.
    expect(reat[0]!.neededBy).toEqual([
      "table 1, REAT BSL",
      "table 2, REAT",
      "table 3, UR 50 REAT",
      "table 8, UR 50 REAT",
      "table 12, UR 50 REAT",
    ]);
    expect(reat[0]!.evaluations.map(({ attack, budget }) => `${attack} ${budget.norm ?? "linf"}`)).toEqual([
      ...["pgd-20 linf", "pgd-100 linf", "cw-100 linf", "autoattack linf"],
      ...["pgd-20 l2", "pgd-100 l2", "cw-l2 l2"],
    ]);
    const byRow = rows.map(({ trainings: [first] }) => first!.key);
    expect(new Set(byRow).size).toBe(trainings.length);
  });

  it("has a run for each seed, and other runs for other seeds, data and budgets", () => {
    const keys = (more: object) => plan(["table-6"], more).trainings.map(({ key }) => key);
    const three = keys({ seeds: [0, 1, 2] });
    expect(new Set(three).size).toBe(6);
    expect(three).toEqual(expect.arrayContaining(keys({ seeds: [1] })));
    expect(keys({ data: "synthetic" })).not.toEqual(keys({}));
    expect(keys({ budget: "cpu" })).not.toEqual(keys({}));
    expect(keys({ device: "cpu" })).toEqual(keys({}));
  });

  it("knows a data file by its content, wherever it lies", () => {
    const folder = mkdtempSync(join(tmpdir(), "reat-key-"));
    const write = (name: string, text: string) => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const key = (data: string) => plan(["table-6"], { data }).trainings[0]!.key;
    const first = key(write("a.tar.gz", "some bytes"));
    expect(key(write("b.tar.gz", "some bytes"))).toBe(first);
    expect(key(write("a.tar.gz", "same bytes, but others"))).not.toBe(first);
    expect(key(folder)).not.toBe(first);
    rmSync(folder, { recursive: true });
  });

  it("makes configurations in every budget, and knows what the paper says of its own rows", () => {
    // Every method, network and data set is in these tables.
    for (const budget of budgetNames) {
      const { rows } = plan(["table-2", "table-5", "table-6", "table-7"], { budget });
      expect(rows).toHaveLength(10 + 4 + 2 + 5);
    }
    for (const { table, row } of paperRows) {
      const { figures } = publishedRow(table, row)!;
      expect(figures).toHaveLength(table === 14 ? 1 : table === 12 ? 4 : 5);
    }
    expect(publishedRow(2, "REAT")!.figures.at(-1)).toEqual({ value: 32.08, standardError: 0.12 });
    expect(publishedRow(3, "UR 50 RoBal")!.adaptive.map(({ value }) => value)).toEqual([33.54, 33.2]);
    expect(publishedRow(2, "RBL, logits")).toBeNull();
  });

  it("compares each row with one of its table, which comes along", () => {
    for (const { table, baseline } of reproducedRows.filter((row) => row.baseline !== null)) {
      expect(reproducedRows.some((row) => row.table === table && row.row === baseline)).toBe(true);
    }
    const { rows } = plan(["table-8"], { rows: ["ur 20 reat"] });
    expect(rows.map(({ row }) => row.row)).toEqual(["UR 20 PGD-AT", "UR 20 REAT"]);
  });

  it("has the figures, whose rows share their runs with those of tables", () => {
    const { trainings, figures } = plan(["table-2", "table-5", "figure-3", "figure-4", "figure-10"]);
    const needed = (label: string) => trainings.filter(({ neededBy }) => neededBy.includes(label));
    expect(needed("table 2, RBL")[0]!.neededBy).toEqual(["table 2, RBL", "figure 3, RBL"]);
    const [reat] = needed("figure 4, REAT");
    expect(reat!.neededBy).toEqual(
      expect.arrayContaining(["table 2, REAT", "table 5, ResNet REAT", "figure 10, REAT"]),
    );
    expect(reat!.features).toBe(true);
    expect(needed("figure 3, RBL")[0]!.features).toBe(false);
    expect(reat!.evaluations.map(({ attack }) => attack)).toEqual([
      ...["pgd-20", "pgd-100", "cw-100", "autoattack"],
      ...["pgd-1", "pgd-2", "pgd-5", "pgd-10", "pgd-50"],
    ]);
    expect(figures.map(({ figure }) => figure.figure)).toEqual([3, 4, 10]);
    // "all" is every table and every figure.
    const all = plan(["all"], { budget: "cpu" });
    expect(all.figures).toHaveLength(11);
    expect(new Set(all.rows.map(({ row }) => row.table)).size).toBe(14);
  });

  it("compares in its claims rows that the figure has", () => {
    for (const { rows, claims } of paperFigures) {
      const names = rows.map(({ row }) => row);
      expect(claims.length).toBeGreaterThan(0);
      for (const { row, than } of claims) expect(names).toEqual(expect.arrayContaining([row, than]));
    }
  });

  it.each([
    [["figure-12"], {}, /no table or figure of the paper \(did you mean "figure-1/],
    [["figure-1"], { rows: ["REAT"] }, /only figures are named/],
    [["table-22"], {}, /did you mean "table-2"/],
    [["tabel-2"], {}, /did you mean "table-2"/],
    [["table-2"], { rows: ["REATT"] }, /did you mean "REAT"/],
    [["table-2"], { seeds: [] }, /--seeds/],
    [["table-2"], { seeds: [1, 1] }, /--seeds/],
    [[], {}, /Nothing was named/],
  ])("refuses %j with %j", (artefacts, more, words) => {
    expect(() => plan(artefacts, more)).toThrow(words);
  });
});

describe("differences", () => {
  const bySeed = (...values: number[]) => new Map(values.map((value, seed) => [seed, value]));

  it("are of runs with the same seed", () => {
    const difference = pairedDifference(bySeed(31, 35, 33), bySeed(30, 34, 32))!;
    expect(difference).toEqual({ mean: 1, standardError: 0, runs: 3 });
    expect(pairedDifference(bySeed(31, 35), new Map([[1, 30]]))).toEqual({
      mean: 5,
      standardError: null,
      runs: 1,
    });
    expect(pairedDifference(bySeed(31), new Map())).toBeNull();
    expect(meanOfRuns([1, 2, 3])!.standardError).toBeCloseTo(1 / Math.sqrt(3), 12);
  });

  it("say something only outside of the 95 % interval by Student's t", () => {
    // n = 3: 0.4 ± 0.6 and even 4 standard errors do not suffice, 4.4 do.
    const of = (mean: number, standardError: number | null, runs = 3) => ({ mean, standardError, runs });
    expect(differenceVerdict(of(0.4, 0.6))).toBe("none told");
    expect(differenceVerdict(of(4, 1))).toBe("none told");
    expect(differenceVerdict(of(4.4, 1))).toBe("higher");
    expect(differenceVerdict(of(-4.4, 1))).toBe("lower");
    expect(differenceVerdict(of(9, null, 1))).toBe("one run");
    // Three differences of −0.8 points, as accuracies on 500 images have them: 33.2 − 34 and 36.4 − 37.2 differ in the last digit.
    const alike = pairedDifference(bySeed(33.2, 36.4, 35.8), bySeed(34, 37.2, 36.6));
    expect(alike!.mean).toBeCloseTo(-0.8, 12);
    expect(differenceVerdict(alike)).toBe("none told");
    expect(differenceSentence(["REAT", "PGD-AT", "AutoAttack"], of(0.4, 0.6))).toBe(
      "REAT − PGD-AT, AutoAttack: +0.40 ± 0.60, n = 3: no difference can be told",
    );
    expect(differenceSentence(["REAT", "CE", "clean"], null)).toBe("REAT − CE, clean: not measured");
  });
});

describe("the page", () => {
  it("has the paper's figures, the protocol, what failed, and which rows cannot say what the paper says", () => {
    const failed = [{ run: "reat-1", neededBy: ["table 2, REAT"], reason: "no <data>" }];
    const reproduction = readReproduction(plan(["table-2"], { budget: "cpu" }), failed);
    const page = renderReproduction(reproduction);
    for (const words of [
      "32.08 ± 0.12",
      "not the paper&#39;s",
      "no &lt;data&gt;",
      "0 of 1",
      "cannot say what the paper says",
    ]) {
      expect(page).toContain(words);
    }
    expect(
      reproduction.tables[0]!.rows.filter(({ caveat }) => caveat !== null).map(({ row }) => row),
    ).toEqual(["RW", "RWS", "ENR", "RBL", "REAT", "REAT, TAIL of the paper"]);
    const lines = reproductionCsv(reproduction).trimEnd().split("\n");
    expect(lines).toHaveLength(1 + 10 * 5);
    expect(lines[1]).toContain("cpu,2,CE,clean,%,66.99,0.17,,,0,");
    expect(lines.some((line) => line.includes('"RBL, logits"'))).toBe(true);
  });
});
