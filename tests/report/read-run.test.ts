// Reading run folders: whole ones, unfinished ones, damaged ones.
import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readRun } from "../../src/report/index.js";
import { bestEpoch, cifarNames, writeFixture } from "./run-fixture.js";

let parent = "";
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), "reat-report-"));
});
afterEach(() => rm(parent, { recursive: true, force: true }));

describe("readRun", () => {
  it("reads a finished run and misses nothing", async () => {
    const run = await readRun(await writeFixture(parent, { name: "whole", method: "reat", epochs: 5 }));
    expect(run.missing).toEqual([]);
    expect(run.name).toBe("whole");
    expect(run.epochs.map((e) => e.epoch)).toEqual([1, 2, 3, 4, 5]);
    expect(run.best?.epoch).toBe(bestEpoch(5));
    expect(run.stored.map((s) => [s.checkpoint, s.attack.name])).toEqual([
      ["best", "pgd-20"],
      ["last", "pgd-20"],
    ]);
    expect(run.data?.classNames).toEqual(cifarNames);
    expect(run.synthetic).toBe(true);
  });

  it("says how far a run is that still goes", async () => {
    const run = await readRun(
      await writeFixture(parent, { name: "going", method: "pgd-at", epochs: 6, logged: 2 }),
    );
    expect(run.missing).toEqual([
      "It is still going, or was interrupted: 2 of 6 epochs are logged.",
      "No checkpoint has been evaluated yet; the results come from the evaluations made while training.",
    ]);
  });

  it("passes over a last line that was cut off, and kinds of events it does not know", async () => {
    const folder = await writeFixture(parent, { name: "torn", method: "reat", epochs: 3, logged: 2 });
    await appendFile(
      join(folder, "metrics.jsonl"),
      '{"type":"weather","sun":true}\n{"type":"epoch","epoch":3,"lo',
    );
    expect((await readRun(folder)).epochs).toHaveLength(2);
  });

  it("names file and line of a damaged log", async () => {
    const folder = await writeFixture(parent, { name: "damaged", method: "reat", epochs: 3 });
    const file = join(folder, "metrics.jsonl");
    const lines = (await readFile(file, "utf8")).split("\n");
    await writeFile(file, [lines[0], '{"type":"epoch"', ...lines.slice(2)].join("\n"));
    await expect(readRun(folder)).rejects.toThrow(/metrics\.jsonl, line 2 is not valid JSON/);
    await writeFile(file, [lines[0], '{"type":"best","epoch":"two"}', ...lines.slice(2)].join("\n"));
    await expect(readRun(folder)).rejects.toThrow(
      /metrics\.jsonl, line 2 \(best\) does not fit its format: epoch/,
    );
  });

  it("tells a warning once, however often the run was continued", async () => {
    const folder = await writeFixture(parent, { name: "warned", method: "reat", epochs: 2 });
    const warning = `${JSON.stringify({ type: "warning", name: "odd", message: "This is odd." })}\n`;
    await appendFile(join(folder, "metrics.jsonl"), warning + warning);
    expect((await readRun(folder)).warnings.map((w) => w.message)).toEqual(["This is odd."]);
  });

  it("says what a folder without its files lacks, and still knows synthetic images", async () => {
    const folder = await writeFixture(parent, { name: "bare", method: "reat", epochs: 2, evaluated: false });
    for (const file of ["environment.json", "metrics.jsonl"]) await rm(join(folder, file));
    const run = await readRun(folder);
    expect(run.missing).toEqual([
      "environment.json is missing, so commit and hardware are not known.",
      "The data set is not described, so the names and sizes of the classes are not known.",
      "metrics.jsonl is missing, so there are no curves.",
      "Nothing has been evaluated yet, so there are no results.",
    ]);
    expect(run.synthetic).toBe(true);
  });

  it("refuses what is no run folder", async () => {
    await expect(readRun(join(parent, "none"))).rejects.toThrow(/There is no run folder at .*none/);
    await expect(readRun(parent)).rejects.toThrow(/is no run folder: it has neither/);
  });

  it("refuses data whose names and counts disagree", async () => {
    const folder = await writeFixture(parent, { name: "odd", method: "reat", epochs: 2 });
    const data = { name: "odd", synthetic: false, classNames: ["a", "b"], trainCounts: [1, 2, 3] };
    await writeFile(join(folder, "environment.json"), JSON.stringify({ data }));
    await expect(readRun(folder)).rejects.toThrow(
      /environment\.json names 2 classes, but counts the images of 3/,
    );
  });
});
