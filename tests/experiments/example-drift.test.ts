// Watched training images: how far their examples move from epoch to epoch, and that watching changes no weight.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parseConfig, resumeExperiment, runExperiment } from "../../src/experiments/index.js";
import { type EpochEvent, readCheckpoint, readRunEvents, weightsDigest } from "../../src/training/index.js";
import { TinyExperiments } from "./tiny-experiment.js";

const tiny = new TinyExperiments();
afterAll(() => tiny.dispose());
const folder = join(tiny.folder, "runs");

const reat = { name: "reat", attack: { steps: 2, batchNorm: "batch" } };

async function trained(
  name: string,
  training: object,
  method: object = reat,
  { architecture = "small-resnet", stopAfter = 0 } = {},
) {
  const config = parseConfig({
    name,
    data: { source: tiny.data, subset: { imbalance: 2 } },
    model: { architecture },
    method,
    training: {
      ...{ epochs: 3, milestones: [], batchSize: 8, select: "last", evaluationAttack: "pgd-1" },
      ...{ evaluationImages: 10, evaluateEvery: 3, ...training },
    },
    evaluation: { attacks: ["pgd-1"], images: 10 },
    threads: 1,
  });
  const controller = new AbortController();
  let batches = 0;
  const outcome = await runExperiment(config, {
    runsFolder: folder,
    signal: controller.signal,
    onProgress: () => {
      batches += 1;
      if (batches === stopAfter) controller.abort(new Error("asked to"));
    },
  });
  return outcome.run;
}

const epochsOf = (file: string) =>
  readRunEvents(file).filter((event): event is EpochEvent => event.type === "epoch");
const distances = (file: string) => epochsOf(file).map(({ exampleDistances }) => exampleDistances);
const lastWeights = (run: Awaited<ReturnType<typeof trained>>) =>
  readCheckpoint(run.lastCheckpoint).then(weightsDigest);

describe("watched training images", () => {
  it("leave weights and log as they are without them, but for the distances, by class and from the second epoch on", async () => {
    const plain = await trained("plain", {});
    const watched = await trained("watched", { observedImages: 15 });
    expect(await lastWeights(watched)).toBe(await lastWeights(plain));
    expect(distances(plain.metricsFile)).toEqual([undefined, undefined, undefined]);
    const [first, ...later] = distances(watched.metricsFile);
    expect(first).toBeNull();
    for (const byClass of later) {
      expect(byClass).toHaveLength(10);
      // Two steps of 2/255 from noise within 8/255 over 3·32·32 pixels: at most twice the ball's half diagonal apart.
      for (const value of byClass!)
        expect(value! > 0 && value! < 2 * (8 / 255) * Math.sqrt(3 * 32 * 32)).toBe(true);
    }
    const bare = epochsOf(watched.metricsFile).map(({ exampleDistances: _, seconds: __, ...rest }) => rest);
    expect(bare).toEqual(epochsOf(plain.metricsFile).map(({ seconds: _, ...rest }) => rest));
  });

  it("do not move where the network does not", async () => {
    const still = {
      observedImages: 10,
      learningRate: 1e-30,
      weightDecay: 0,
      epochs: 2,
    };
    const run = await trained(
      "still",
      still,
      { name: "pgd-at", attack: { steps: 2 } },
      { architecture: "smallcnn" },
    );
    expect(distances(run.metricsFile)[1]).toEqual(Array(10).fill(0));
  });

  it("are those of a run that went through where it was stopped in the second epoch and goes on", async () => {
    const whole = distances((await trained("watched-too", { observedImages: 15 })).metricsFile);
    const { path, metricsFile } = await trained("stopped", { observedImages: 15 }, reat, { stopAfter: 7 });
    expect(epochsOf(metricsFile)).toHaveLength(1);
    await resumeExperiment(path);
    expect(distances(metricsFile)).toEqual(whole);
    const text = readFileSync(metricsFile, "utf8");
    expect(text).toContain('"resumedFrom":{"epoch":2,"batch":2}');
    await expect(resumeExperiment(path, ["training.observedImages=20"])).rejects.toMatchObject({
      code: "checkpoint",
      message: expect.stringMatching(/observedImages/),
    });
  });

  it("have no distance in epochs that train on clean images", async () => {
    const run = await trained("plain-method", { observedImages: 10 }, { name: "plain" });
    expect(distances(run.metricsFile)).toEqual([null, null, null]);
  });
});
