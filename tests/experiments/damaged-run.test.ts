// Runs with something wrong in them are refused before work begins; two that do the same work share it.
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { evaluateRun, resumeExperiment } from "../../src/experiments/index.js";
import { TinyExperiments } from "./tiny-experiment.js";

const place = new TinyExperiments();
afterAll(() => place.dispose());
let run: string;
beforeAll(async () => {
  run = await place.train("one");
});
const evaluations = () => join(run, "evaluations");

describe("a run with a damaged file", () => {
  it.each([
    ["environment.json", "{", /environment\.json is damaged/],
    ["evaluations/foreign.json", "{", /foreign\.json is not JSON/],
    ["evaluations/foreign.json", "{}", /foreign\.json is no evaluation result/],
  ])("%s holding %s is neither continued nor measured", async (name, text, message) => {
    const file = join(run, name);
    const before = name === "environment.json" ? readFileSync(file) : null;
    const log = readFileSync(join(run, "metrics.jsonl"));
    writeFileSync(file, text);
    try {
      await expect(resumeExperiment(run, ["training.epochs=2"])).rejects.toThrow(message);
      await expect(evaluateRun(run, { attacks: ["pgd-2"] })).rejects.toThrow(message);
      expect(readFileSync(join(run, "metrics.jsonl")).equals(log)).toBe(true);
    } finally {
      if (before) writeFileSync(file, before);
      else rmSync(file);
    }
  });
});

describe("two evaluations of one run at the same time", () => {
  it("that ask for the same measure it once", async () => {
    const waited: string[] = [];
    const ask = (attack: string) =>
      evaluateRun(run, {
        attacks: [attack],
        batchSize: 2,
        onProgress: (_, { stage }) => void (stage.startsWith("waiting") && waited.push(stage)),
      });
    const outcomes = await Promise.all([ask("pgd-2"), ask("pgd-2"), ask("cw-1")]);
    const [first, second, other] = outcomes.map(({ results }) => results[0]!);
    // The time tells one measurement from another.
    expect(second).toEqual(first);
    expect(other!.clean).toEqual(first!.clean);
    expect(waited).toContain(`waiting for process ${process.pid}, which measures pgd-2`);
    const names = readdirSync(evaluations());
    expect(names.filter((name) => !name.endsWith(".json"))).toEqual([]);
    expect(names.filter((name) => name.includes("pgd-2"))).toHaveLength(1);
  });
});
