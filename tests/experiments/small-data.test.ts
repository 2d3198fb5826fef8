// Small data sets: what a training could not take is said before it begins, and leaves no run behind.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { createDataset, writePacked } from "../../src/data/index.js";
import { parseConfig, resumeExperiment, runExperiment } from "../../src/experiments/index.js";
import { createMethod, methodNames, methodOptions } from "../../src/methods/index.js";
import { setThreads } from "../../src/tensor/index.js";

setThreads(1);
const folder = mkdtempSync(join(tmpdir(), "reat-small-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A packed set of noise with so many training images of each class. */
function packed(name: string, counts: readonly number[], side: number): string {
  const split = (sizes: readonly number[]) => {
    const labels = Uint8Array.from(sizes.flatMap((size, label) => Array<number>(size).fill(label)));
    const images = Uint8Array.from(
      { length: labels.length * 3 * side * side },
      (_, i) => ((i * 2654435761) >>> 7) & 255,
    );
    return { images, labels, count: labels.length };
  };
  const file = join(folder, `${name}.reatpack`);
  const classNames = ["ant", "bee", "cat"].slice(0, counts.length);
  const parts = { name, synthetic: false, height: side, width: side, classNames };
  writePacked(file, createDataset({ ...parts, train: split(counts), test: split(counts.map(() => 1)) }));
  return file;
}

function config(
  source: string,
  changes: { architecture?: string; method?: object; training?: object; data?: object },
) {
  return parseConfig({
    name: "small",
    data: { source, subset: { profile: "natural" }, ...changes.data },
    model: { architecture: changes.architecture ?? "resnet18" },
    method: { name: "pgd-at", attack: { steps: 1 }, ...changes.method },
    training: {
      ...{ epochs: 1, milestones: [], select: "last", evaluationAttack: "pgd-1", batchSize: 3 },
      ...changes.training,
    },
    evaluation: { attacks: ["pgd-1"] },
    threads: 1,
  });
}
const start = (...given: Parameters<typeof config>) =>
  runExperiment(config(...given), { runsFolder: join(folder, "runs") });
const runs = () => (existsSync(join(folder, "runs")) ? readdirSync(join(folder, "runs")) : []);

describe("a last batch of one image", () => {
  const ten = packed("ten", [6, 4], 8);

  it("that batch normalisation cannot take is refused with batch sizes that fit", async () => {
    await expect(start(ten, {})).rejects.toMatchObject({
      code: "config",
      message:
        "10 training images in batches of 3 end in a batch of one, and at 8×8 pixels the network's last maps are one pixel " +
        "large: there is nothing to take batch normalisation over. Accepted: training.batchSize 2 or 4, or " +
        "training.dropLast: true, which leaves the last batch out.",
    });
    expect(runs()).toEqual([]);
  });

  it("is left out by training.dropLast", async () => {
    const { run, results } = await start(ten, { architecture: "small-resnet", training: { dropLast: true } });
    const log = readFileSync(run.metricsFile, "utf8");
    expect(log).toContain('"batchesPerEpoch":3');
    expect(log).not.toContain('"batch":4');
    expect(results.length).toBeGreaterThan(0);
    await expect(
      resumeExperiment(run.path, ["training.dropLast=false", "training.batchSize=4"]),
    ).rejects.toThrow(/training\.dropLast was true and is absent/);
    rmSync(run.path, { recursive: true });
  });

  it("leaves nothing where there are fewer images than one batch", async () => {
    const training = { dropLast: true, batchSize: 11 };
    await expect(start(ten, { architecture: "small-resnet", training })).rejects.toThrow(
      /10 training images are fewer than one batch of 11/,
    );
    expect(runs()).toEqual([]);
  });

  it("is taken where the maps are larger", async () => {
    const { run } = await start(packed("four", [2, 2], 16), { architecture: "small-resnet" });
    expect(readFileSync(run.metricsFile, "utf8")).toContain('"batchesPerEpoch":2');
    rmSync(run.path, { recursive: true });
  });
});

describe("a class without training images", () => {
  const gap = packed("gap", [6, 0, 4], 32);

  it("is refused by name", async () => {
    await expect(start(gap, { architecture: "smallcnn" })).rejects.toMatchObject({
      code: "data",
      message: expect.stringMatching(/^The class "bee" has no training images, and /),
    });
    expect(runs()).toEqual([]);
  });

  it.each(methodNames)("is refused by %s in the same words", (name) => {
    const options = methodOptions.parse({ name });
    const setup = { classCounts: [6, 0, 4, 0], device: "cpu", epochs: 1 } as const;
    expect(() => createMethod(options, setup)).toThrow(/^The classes 1, 3 have no training images, and /);
  });
});
