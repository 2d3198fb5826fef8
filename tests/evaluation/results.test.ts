// Results on disk come back as they were, and foreign files are named.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import {
  accuracyReport,
  type EvaluationResult,
  readResults,
  resultIdentity,
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
  attack: { name: "pgd-20", constants: { norm: "linf", epsilon: 8 / 255, steps: 20 } },
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

const content = { weights: "aa", model: "bb", images: "cc" };

function ensembleOf(changes: object, verified = 0.25): NonNullable<EvaluationResult["ensemble"]> {
  const outcome = { attack: "apgd-ce" as const, attacked: 3, standing: 1, accuracy: 0.25, balanced: 0.25 };
  return {
    version: "standard",
    constantsHash: "ab".repeat(32),
    outcomes: [{ ...outcome, groups: { head: 0.5, body: null, tail: null }, seconds: 2, ...changes }],
    warnings: [{ name: "square-stronger", message: "Square did." }],
    verification: {
      ...{ largestPerturbation: 0.03, insideBall: true, lowestPixel: 0, highestPixel: 1 },
      ...{ insideRange: true, accuracy: verified, agrees: true },
    },
    robust: "0001",
  };
}

describe("results", () => {
  it("come back as they were written, one file for each checkpoint, attack and split", async () => {
    const folder = join(root, "evaluations");
    const validation = { ...result, split: "validation" as const };
    const stronger = { ...result, attack: { ...result.attack, name: "pgd-100" } };
    for (const each of [result, validation, stronger, { ...result, seconds: 2 }]) {
      await writeResult(folder, each);
    }
    expect(
      readdirSync(folder)
        .map((name) => name.replace(/-[0-9a-f]{8}\.json$/, ""))
        .sort(),
    ).toEqual(["best-pgd-100-linf-8of255", "best-pgd-20-linf-8of255", "best-pgd-20-linf-8of255-validation"]);
    const read = readResults(folder);
    expect(read).toHaveLength(3);
    expect(read).toEqual(expect.arrayContaining([stronger, validation, { ...result, seconds: 2 }]));
  });

  it("keep apart what differs in any constant, seed or number of images, but not in the epoch", async () => {
    const folder = join(root, "apart");
    const constants = { ...result.attack.constants };
    const ofOneImage = accuracyReport(
      [
        [1, 0],
        [0, 0],
      ],
      groups,
    );
    const others: EvaluationResult[] = [
      { ...result, attack: { name: "pgd-20", constants: { ...constants, epsilon: 4 / 255 } } },
      { ...result, attack: { name: "pgd-20", constants: { ...constants, stepSize: 1 / 255 } } },
      { ...result, attack: { name: "pgd-20", constants: { ...constants, norm: "l2" } } },
      { ...result, seeds: { evaluation: 5 } },
      { ...result, batchSize: 50 },
      { ...result, clean: ofOneImage, robust: ofOneImage },
    ];
    for (const each of [result, ...others]) await writeResult(folder, each);
    expect(readResults(folder)).toHaveLength(7);
    await writeResult(folder, { ...result, epoch: 4 });
    expect(readResults(folder)).toHaveLength(7);
    expect(readResults(folder).filter(({ epoch }) => epoch === 4)).toHaveLength(1);
  });

  it("keep apart what was measured on other images, and take the place of what other weights gave", async () => {
    const folder = join(root, "content");
    const first = { ...result, content };
    const otherImages = { ...result, content: { ...content, images: "dd" } };
    const otherWeights = { ...result, content: { ...content, weights: "ee" } };
    for (const each of [result, first, otherImages]) await writeResult(folder, each);
    // The first one did not tell its images, so the next took its place.
    expect(readResults(folder)).toHaveLength(2);
    await writeResult(folder, otherWeights);
    expect(readResults(folder)).toHaveLength(2);
    expect(readResults(folder)).toEqual(expect.arrayContaining([otherImages, otherWeights]));
    expect(new Set([result, first, otherImages, otherWeights].map(resultIdentity)).size).toBe(4);
  });

  it("take the place of a file with a name of an earlier version, which is still read", async () => {
    const folder = mkdtempSync(join(root, "old-"));
    writeFileSync(join(folder, "best-pgd-20.json"), JSON.stringify(result));
    expect(readResults(folder)).toEqual([result]);
    await writeResult(folder, { ...result, epoch: 5 });
    expect(readdirSync(folder)).not.toContain("best-pgd-20.json");
    expect(readResults(folder)).toEqual([{ ...result, epoch: 5 }]);
  });

  it("bring an ensemble's outcomes back", async () => {
    const folder = join(root, "ensemble");
    const whole: EvaluationResult = {
      ...result,
      ensemble: ensembleOf({}),
      warnings: [{ name: "zero-gradient", message: "Some are." }],
    };
    await writeResult(folder, whole);
    expect(readResults(folder)).toEqual([whole]);
  });

  it("are none where there is no folder", () => {
    expect(readResults(join(root, "nowhere"))).toEqual([]);
  });

  it.each([
    ["cut.json", "{", /cut\.json is not JSON: delete it/],
    ["other.json", "{}", /other\.json is no evaluation result: run is missing;/],
    [
      "beyond.json",
      JSON.stringify({ ...result, clean: { ...result.clean, accuracy: 95 } }),
      /beyond\.json is no evaluation result: clean\.accuracy: /,
    ],
    [
      "high.json",
      JSON.stringify({ ...result, robust: { ...result.robust, accuracy: 0.5 } }),
      /high\.json is no evaluation result: robust: accuracy is 0\.5, and 1 of 4 images are right; delete it and measure again\.$/,
    ],
    [
      "balanced.json",
      JSON.stringify({ ...result, clean: { ...result.clean, balanced: 0.9 } }),
      /clean: balanced is 0\.9, and the mean over its classes 0\.75/,
    ],
    [
      "classes.json",
      JSON.stringify({ ...result, clean: { ...result.clean, correct: 4, accuracy: 1 } }),
      /clean: correct is 4, and its classes have 3/,
    ],
    [
      "group.json",
      JSON.stringify({
        ...result,
        clean: { ...result.clean, groups: { ...result.clean.groups, head: 0.8 } },
      }),
      /clean: groups\.head is 0\.8, and its classes lie from 0\.75 to 0\.75/,
    ],
    [
      "predicted.json",
      JSON.stringify({ ...result, clean: { ...result.clean, predicted: [3, 0] } }),
      /clean: predicted counts 3 of 4 images/,
    ],
    [
      "ensemble.json",
      JSON.stringify({ ...result, ensemble: ensembleOf({ accuracy: 0.5 }) }),
      /after apgd-ce 1 of 4 images stand, which is no accuracy of 0\.5/,
    ],
    [
      "verified.json",
      JSON.stringify({ ...result, ensemble: ensembleOf({}, 0.5) }),
      /robust\.accuracy is 0\.25, and its verification found 0\.5/,
    ],
  ])("that are none are named: %s", (name, content, message) => {
    const folder = mkdtempSync(join(root, "foreign-"));
    writeFileSync(join(folder, name), content);
    expect(() => readResults(folder)).toThrow(
      expect.objectContaining({ code: "data", message: expect.stringMatching(message) }),
    );
  });
});
