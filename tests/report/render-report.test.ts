// The page: self-contained, well-formed, escaped, and holding the numbers of the folders.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readRun, renderReport, writeReport } from "../../src/report/index.js";
import { bestEpoch, cifarNames, type FixtureOptions, fixtureReport, writeFixture } from "./run-fixture.js";

let parent = "";
beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), "reat-report-"));
});
afterAll(() => rm(parent, { recursive: true, force: true }));

async function page(...all: FixtureOptions[]): Promise<string> {
  return renderReport(await Promise.all(all.map(async (o) => readRun(await writeFixture(parent, o)))));
}

/** Opens and closes every element in turn; throws on the first that does not fit. */
function checkNesting(markup: string): number {
  const open: string[] = [];
  let elements = 0;
  for (const [, end, name, attributes, selfClosed] of markup.matchAll(
    /<(\/?)([a-zA-Z][\w-]*)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>/g,
  )) {
    elements++;
    if (end) expect(open.pop(), `</${name}>${attributes}`).toBe(name);
    else if (!selfClosed) open.push(name!);
  }
  expect(open).toEqual([]);
  // Whatever is left of a "<" was no well-formed tag.
  expect(markup.replace(/<\/?[a-zA-Z][\w-]*(?:\s+[\w:-]+="[^"<]*")*\s*\/?>/g, "")).not.toMatch(/[<>]/);
  return elements;
}

describe("renderReport", () => {
  const two: FixtureOptions[] = [
    { name: "plain", method: "pgd-at", epochs: 8, attacks: ["pgd-20", "cw-20"] },
    { name: "balanced", method: "reat", epochs: 8, attacks: ["pgd-20", "cw-20"] },
  ];

  it("asks for nothing from outside", async () => {
    const text = await page(...two);
    expect(text).not.toMatch(/https?:|\bsrc=|@import|url\(|<script|<link|javascript:/);
    expect(text).toContain(`content="default-src 'none'; style-src`);
  });

  it("is well-formed from the first to the last element", async () => {
    const text = await page(...two);
    const body = text.slice(text.indexOf("<html"));
    expect(checkNesting(body.replace(/<style>.*?<\/style>/s, ""))).toBeGreaterThan(1000);
    const drawings = text.match(/<svg class="chart".*?<\/svg>/gs) ?? [];
    // Bars under two attacks; 2 + 3 accuracy, 3 training; shares of two runs twice; RBL of one.
    expect(drawings).toHaveLength(16);
    for (const svg of drawings) {
      expect(svg).toMatch(/role="img" aria-labelledby="(\S+)-title \1-desc"/);
      expect(svg).not.toMatch(/NaN|Infinity|undefined/);
    }
    const ids = [...text.matchAll(/ id="([^"]+)"/g)].map((m) => m[1]);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("holds each class and each number of the results", async () => {
    const text = await page(...two);
    for (const name of cifarNames) expect(text).toContain(`>${name}<`);
    for (const options of two) {
      for (const epoch of [bestEpoch(8), 8]) {
        for (const robust of [false, true]) {
          const { accuracy, groups } = fixtureReport(options, epoch, robust);
          for (const value of [accuracy, ...Object.values(groups)]) {
            expect(text).toMatch(
              new RegExp(`<td[^>]*>${(100 * value!).toFixed(1)} <small>±\\d+\\.\\d</small></td>`),
            );
          }
        }
      }
    }
    expect(text).toContain("best (epoch 7)");
    expect(text).toContain("l∞, ε = 8/255, step 2/255, 20 steps");
    expect(text).toContain("0123456789ab");
  });

  it("names the file behind each number, and the file holds it", async () => {
    const text = await page(...two);
    const named = text.matchAll(
      /<tr><th scope="row">(\w+)<\/th><td>(\w+), ([\w-]+)<\/td><td><code>([^<]+\.json)<\/code><\/td><\/tr>/g,
    );
    const rows = [...named].map(([, run, checkpoint, attack, file]) => ({
      run,
      checkpoint,
      attack,
      file: file!,
    }));
    // Under the results clean, PGD and CW of both checkpoints of both runs; under each of two charts clean and attack of both runs' best;
    // under the differences the strongest attack on both runs' best.
    expect(rows).toHaveLength(2 * 2 * 3 + 2 + 2 * 2 * 2);
    for (const { run, checkpoint, attack, file } of rows) {
      const stored = JSON.parse(await readFile(file, "utf8"));
      expect([stored.run, stored.checkpoint]).toEqual([run, checkpoint]);
      if (attack !== "clean") expect(stored.attack.name).toBe(attack!.toLowerCase());
    }
    const fromTheLog = await page({ name: "logged", method: "reat", epochs: 4, evaluated: false });
    expect(fromTheLog).toMatch(/<td>last, clean<\/td><td><code>\S+\/metrics\.jsonl, epoch 4<\/code>/);
  });

  it("names the log behind each table by epoch, and the log holds the table's epochs", async () => {
    const text = await page(...two);
    const tables = [...text.matchAll(/<details class="numbers"><summary>[^<]*by epoch.*?<\/details>/gs)];
    // Accuracy and training of both runs; predicted classes of two kinds of each; RBL's weights of one.
    expect(tables).toHaveLength(2 + 2 * 2 + 1);
    for (const [table] of tables) {
      const logs = [...table.matchAll(/<code>([^<]+\/metrics\.jsonl)<\/code>/g)].map(([, file]) => file!);
      expect(logs.length).toBeGreaterThan(0);
      for (const file of logs) {
        const events = (await readFile(file, "utf8"))
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line));
        expect(events.filter(({ type }) => type === "epoch")).toHaveLength(8);
      }
    }
  });

  it("marks synthetic data, and only synthetic data", async () => {
    expect(await page({ name: "made", method: "reat", epochs: 2 })).toContain("SYNTHETIC DATA");
    expect(await page({ name: "real", method: "reat", epochs: 2, synthetic: false })).not.toContain(
      "SYNTHETIC",
    );
  });

  it("escapes what users name", async () => {
    const names = ['<img src="x" onerror="alert(1)">', "a & b", "it's", ...cifarNames.slice(3)];
    const text = await page({
      name: "</title><script>alert(1)</script>",
      method: "reat",
      epochs: 2,
      classNames: names,
    });
    expect(text).not.toContain("<script");
    expect(text).not.toContain("<img");
    expect(text).toContain("&lt;img src=&quot;x&quot; onerror=&quot;alert(1)&quot;&gt;");
    expect(text).toContain("a &amp; b");
    checkNesting(text.slice(text.indexOf("<html")).replace(/<style>.*?<\/style>/s, ""));
  });

  it("shows a run that still goes, beside a finished one", async () => {
    const text = await page(two[0]!, { name: "going", method: "reat", epochs: 8, logged: 3 });
    expect(text).toContain("It is still going, or was interrupted: 3 of 8 epochs are logged.");
    expect(text).toContain(
      "From the evaluations made while training: going last, clean; going last, PGD-20.",
    );
  });

  it("shows a run of which nothing but the configuration is there", async () => {
    const folder = await writeFixture(parent, { name: "begun", method: "reat", epochs: 3, evaluated: false });
    for (const file of ["environment.json", "metrics.jsonl"]) await rm(join(folder, file));
    const text = renderReport([await readRun(folder)]);
    expect(text).toContain("No run has been evaluated yet.");
    expect(text).toContain("No epoch has been logged yet.");
  });

  it("draws a hundred classes", async () => {
    const classNames = Array.from({ length: 100 }, (_, k) => `kind ${k}`);
    const text = await page({ name: "many", method: "reat", epochs: 3, classNames, validation: true });
    for (const name of classNames) expect(text).toContain(name);
    expect(text).toContain("validation images");
    expect(text).not.toMatch(/NaN|Infinity/);
  });
});

describe("writeReport", () => {
  it("writes the page of the folders, into folders that are not there yet", async () => {
    const folder = await writeFixture(parent, { name: "written", method: "pgd-at", epochs: 2 });
    const file = join(parent, "deep", "er", "report.html");
    const records = await writeReport([folder], file);
    expect(await readFile(file, "utf8")).toBe(renderReport(records));
  });

  it("refuses to report on nothing, and says where it cannot write", async () => {
    await expect(writeReport([], join(parent, "x.html"))).rejects.toThrow("at least one run folder");
    const folder = await writeFixture(parent, { name: "blocked", method: "pgd-at", epochs: 2 });
    await expect(writeReport([folder], join(folder, "config.yaml", "x.html"))).rejects.toThrow(
      /config\.yaml cannot be written: a file of that name is in the way\.$/,
    );
  });
});
