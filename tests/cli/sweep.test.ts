// `reat sweep`: what it writes, works off, shows and refuses.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadConfig, readSweep } from "../../src/experiments/index.js";
import { ScratchFolder } from "./command-line.js";

let place: ScratchFolder;

const base = `
data: { source: tiny.reatpack, subset: { profile: exponential, imbalance: 4, maxPerClass: 4 } }
model: { architecture: smallcnn }
method: { name: pgd-at, attack: { steps: 1 } }
training: { epochs: 1, batchSize: 16, milestones: [], evaluationAttack: pgd-1, evaluationImages: 10, select: last }
evaluation: { attacks: [pgd-1], images: 10, batchSize: 10 }
threads: 1
`;
const file = `
base: base.yaml
set: [training.logEvery=1]
grid: { method.attack.stepSize: [1/255, 2/255] }
seeds: [3, 4]
slurm: { time: "1:00:00", ntasks: 2, comment: "it's ours" }
`;
beforeAll(() => {
  place = new ScratchFolder();
  writeFileSync(place.path("base.yaml"), base);
  writeFileSync(place.path("steps.yaml"), file);
});
afterAll(() => place.dispose());

const names = ["1of255", "2of255"].flatMap((step) => [3, 4].map((seed) => `stepSize-${step}_seed-${seed}`));

describe("reat sweep", () => {
  it("writes every configuration with its values and seeds, and a script that Slurm's shell reads", async () => {
    const { code, stdout } = await place.call(["sweep", "steps.yaml"]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "sbatch runs/sweeps/steps/sweep.sbatch\n" });
    const folder = place.path("runs", "sweeps", "steps");
    const list = readFileSync(`${folder}/configs.txt`, "utf8").trimEnd().split("\n");
    expect(list).toEqual(names.map((name) => `${folder}/configs/${name}.yaml`));
    const config = loadConfig(list[3]!);
    expect(config).toMatchObject({
      ...{ name: names[3], method: { attack: { stepSize: 2 / 255 } }, training: { logEvery: 1 } },
      seeds: { initialisation: 4, order: 4, attack: 4, subset: 0 },
      // Slurm's jobs work in a folder of their own.
      data: { source: place.data },
    });
    const script = readFileSync(`${folder}/sweep.sbatch`, "utf8");
    expect(script).toMatch(/^#!\/usr\/bin\/env bash\n#SBATCH --job-name=steps\n#SBATCH --array=0-3\n/);
    for (const option of ["requeue", "time=1:00:00", "ntasks=2", 'comment="it\'s ours"', "signal=TERM@120"])
      expect(script).toContain(`#SBATCH --${option}\n`);
    expect(spawnSync("bash", ["-n", `${folder}/sweep.sbatch`], { encoding: "utf8" })).toMatchObject({
      ...{ status: 0, stderr: "" },
    });
  });

  it("works off what is missing, shows how far all are, and names those that fail", async () => {
    const begun = await place.call(["sweep", "status", "steps.yaml"]);
    expect(begun.stdout.match(/to run +0\/1/g)).toHaveLength(4);
    const { code, stdout } = await place.call(["sweep", "steps.yaml", "--local"]);
    expect(code).toBe(0);
    expect(stdout.match(/done +1\/1 +[\d.]+ %? *[\d.]+ %? *pgd-1/g)).toHaveLength(4);
    expect(stdout).toContain("Mean ± standard error over seeds");
    const again = await place.call(["sweep", "steps.yaml", "--local"]);
    expect(again.stderr).toContain("4 runs, of which 4 are done");
    expect(again.stderr).not.toContain("1/4");
    const status = await place.call(["sweep", "status", "steps.yaml", "--json"]);
    expect(JSON.parse(status.stdout)[2]).toMatchObject({
      ...{ run: names[2], seed: 3, point: { "method.attack.stepSize": "2/255" }, state: "done", epoch: 1 },
    });

    // What was trained with other settings is not taken for the sweep's.
    writeFileSync(place.path("more.yaml"), `${file}name: steps\n`.replace("logEvery=1", "batchSize=8"));
    const other = await place.call(["sweep", "status", "more.yaml"]);
    expect(other.stdout.match(/other settings/g)).toHaveLength(4);
    const refused = await place.call(["sweep", "more.yaml", "--local"]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/training\.batchSize.*These are 4 of 4 runs/s);
    writeFileSync(
      place.path("more.yaml"),
      `${file}name: steps\n`.replace("training.logEvery=1", "evaluation.images=5"),
    );
    expect((await place.call(["sweep", "status", "more.yaml"])).stdout.match(/to measure/g)).toHaveLength(4);
    expect((await place.call(["sweep", "more.yaml", "--local"])).stdout.match(/done/g)).toHaveLength(4);
  }, 60_000);

  it.each([
    ["grid: {}\n", "base"],
    ["base: nothing.yaml\n", "nothing.yaml"],
    ["base: base.yaml\ngrids: {}\n", "grids"],
    ["base: base.yaml\ngrid: { method.attack.stepSize: [] }\n", "grid.method.attack.stepSize"],
    ["base: base.yaml\ngrid: { training.epochs: [1, 1] }\n", "grid.training.epochs has a value twice"],
    ["base: base.yaml\ngrid: { seeds.order: [1, 2] }\n", "grid.seeds.order is set by reat"],
    ["base: base.yaml\nseeds: [1, 1]\n", "seeds has a seed twice"],
    ["base: base.yaml\nslurm: { array: 0-5 }\n", "slurm.array is written by reat"],
    ["base: base.yaml\ngrid: { training.epoch: [1, 2] }\n", "training.epoch"],
    ["base: base.yaml\ngrid: { training.epochs: [0] }\n", "training.epochs"],
  ])("refuses %j", async (text, named) => {
    writeFileSync(place.path("wrong.yaml"), text);
    const { code, stderr } = await place.call(["sweep", "wrong.yaml", "--local"]);
    expect(code).toBe(2);
    expect(stderr).toContain(named);
  });
});

it("tells runs apart whose values look alike in a name, and grids whose keys end alike", () => {
  writeFileSync(place.path("alike.yaml"), "base: base.yaml\ngrid: { data.source: [x/y.tar, xofy.tar] }\n");
  const alike = readSweep(place.path("alike.yaml")).runs.map(({ config }) => config.name);
  expect(alike).toEqual(["source-xofy.tar_seed-0", "source-xofy.tar_seed-0-1"]);
  const grid = "{ method.attack.stepSize: [1/255], evaluation.stepSize: [2/255] }";
  writeFileSync(place.path("ends.yaml"), `base: base.yaml\ngrid: ${grid}\n`);
  expect(readSweep(place.path("ends.yaml")).runs.map(({ config }) => config.name)).toEqual([
    "attack.stepSize-1of255_evaluation.stepSize-2of255_seed-0",
  ]);
});
