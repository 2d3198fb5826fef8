// The terminal's tables, to the character.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import {
  evaluationTable,
  readRun,
  renderReport,
  resultRows,
  runsTable,
  tableRows,
} from "../../src/report/index.js";
import { writeFixture } from "./run-fixture.js";

it("aligns words left and accuracies right, and dashes what is not known", () => {
  const rows = [
    { labels: { run: "plain", attack: "clean" }, figures: { all: 0.5678, tail: 0.0912 } },
    { labels: { run: "a longer name", attack: "pgd-20" }, figures: { all: 1, tail: null } },
    { labels: { run: "二", attack: "gap" }, figures: { all: -0.0125, tail: 0.3 }, difference: true },
  ];
  expect(evaluationTable(rows).split("\n")).toEqual([
    "run            attack    all   tail",
    "───────────────────────────────────",
    "plain          clean    56.8    9.1",
    "a longer name  pgd-20  100.0      –",
    "二             gap      −1.3  +30.0",
  ]);
});

it("lists best, last and their gap under each attack, and the runs", async () => {
  const parent = await mkdtemp(join(tmpdir(), "reat-report-"));
  const record = await readRun(await writeFixture(parent, { name: "small", method: "reat", epochs: 5 }));
  await rm(parent, { recursive: true });
  const lines = evaluationTable(tableRows(resultRows(record))).split("\n");
  expect(lines.map((line) => line.slice(0, 25).trimEnd())).toEqual([
    "run    attack  checkpoint",
    "─────────────────────────",
    "small  clean   best",
    "small  clean   last",
    "small  clean   gap",
    "small  pgd-20  best",
    "small  pgd-20  last",
    "small  pgd-20  gap",
  ]);
  expect(lines[0]).toMatch(/all +head +body +tail +balanced$/);
  expect(runsTable([record]).split("\n")[2]).toMatch(
    /^small {2}reat {4}fixture \(synthetic\) {2}finished +5\/5 +4 +\d\d\.\d$/,
  );
});

it.each([true, false])(
  "says of averaged weights that they are, evaluated afterwards: %s",
  async (evaluated) => {
    const parent = await mkdtemp(join(tmpdir(), "reat-report-"));
    const options = { name: "small", method: "reat", epochs: 5, averaged: true, evaluated } as const;
    const [record, plain] = [
      await readRun(await writeFixture(parent, options)),
      await readRun(await writeFixture(parent, { name: "plain", method: "reat", epochs: 5 })),
    ];
    await rm(parent, { recursive: true });
    const rows = tableRows([record, plain].flatMap(resultRows));
    const clean = rows
      .filter(({ labels }) => labels.attack === "clean")
      .map(({ labels }) => labels.checkpoint);
    expect(clean).toEqual(["best (averaged)", "last (averaged)", "gap", "best", "last", "gap"]);
    const page = renderReport([record, plain]);
    expect(page).toContain(">best (epoch 4, averaged)</th>");
    expect(page).toContain(">best (epoch 4)</th>");
    expect(page).toContain("Averaged: the weights are their moving average over the training steps.");
    expect(page).toContain("averaged over the steps from epoch 2, decay 0.995");
    expect(renderReport([plain])).not.toMatch(/averaged/i);
  },
);
