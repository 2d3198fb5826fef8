// Results on disk come back as they were, and foreign files are named.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import {
  accuracyReport,
  type EvaluationResult,
  readResults,
  writeResult,
} from "../../src/evaluation/index.js";

const root = mkdtempSync(join(tmpdir(), "reat-results-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const groups = ["head", "tail"] as const;
const result: EvaluationResult = {
  run: "tiny",
  checkpoint: "best",
  epoch: 3,
  split: "test",
  dataset: "synthetic",
  synthetic: true,
  attack: { name: "pgd-20", constants: { epsilon: 8 / 255, steps: 20 } },
  seeds: { evaluation: 4 },
  batchSize: 100,
  clean: accuracyReport(
    [
      [3, 1],
      [0, 0],
    ],
    groups,
  ),
  robust: accuracyReport(
    [
      [1, 3],
      [0, 0],
    ],
    groups,
  ),
  seconds: 1.5,
  time: "2024-01-01T00:00:00.000Z",
  environment: { libtorch: "1.13.0" },
};

describe("results", () => {
  it("come back as they were written, one file for each checkpoint, attack and split", async () => {
    const folder = join(root, "evaluations");
    const validation = { ...result, split: "validation" as const };
    const stronger = { ...result, attack: { ...result.attack, name: "pgd-100" } };
    for (const each of [result, validation, stronger, { ...result, seconds: 2 }]) {
      await writeResult(folder, each);
    }
    expect(readdirSync(folder)).toEqual([
      "best-pgd-100.json",
      "best-pgd-20-validation.json",
      "best-pgd-20.json",
    ]);
    expect(readResults(folder)).toEqual([stronger, validation, { ...result, seconds: 2 }]);
  });

  it("are none where there is no folder", () => {
    expect(readResults(join(root, "nowhere"))).toEqual([]);
  });

  it.each([
    ["cut.json", "{", /cut\.json is not JSON: delete it/],
    ["other.json", "{}", /other\.json is no evaluation result: run: /],
    [
      "beyond.json",
      JSON.stringify({ ...result, clean: { ...result.clean, accuracy: 95 } }),
      /beyond\.json is no evaluation result: clean\.accuracy: /,
    ],
  ])("that are none are named: %s", (name, content, message) => {
    const folder = mkdtempSync(join(root, "foreign-"));
    writeFileSync(join(folder, name), content);
    expect(() => readResults(folder)).toThrow(
      expect.objectContaining({ code: "data", message: expect.stringMatching(message) }),
    );
  });
});
