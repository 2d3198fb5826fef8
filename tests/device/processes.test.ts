// Training in parts on a GPU: by a group of one process over NCCL, under a launcher that starts one, and by two that share the GPU.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, it } from "vitest";
import { ProcessGroup, ProcessTeam } from "../../src/tensor/index.js";
import { RunFolder, train } from "../../src/training/index.js";
import { Crew, freePort } from "../crew.js";
import { describeOnCuda, testDevice } from "../test-device.js";
import { eventsOf, temporaryRuns } from "../training/tiny-run.js";
import { deviceOptions, largestDifference, logTolerance } from "./device-run.js";

const runs = temporaryRuns();
afterAll(runs.remove);
const fromHere = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** What steps, epochs and measurements say, without clocks. */
function measured(run: RunFolder): unknown[] {
  return (eventsOf(run) as unknown as Record<string, unknown>[])
    .filter(({ type }) => type === "batch" || type === "epoch" || type === "evaluation")
    .map(({ time: _t, seconds: _s, imagesPerSecond: _i, ...event }) => event);
}

const shards = { count: 2, reduction: "ordered", seed: 3 } as const;

describeOnCuda("training in two parts", () => {
  it("by a group of one goes as without a group, through each way of adding", async () => {
    const alone = await runs.create("alone");
    await train(deviceOptions(alone, { shards }));
    expect(measured(alone).length).toBeGreaterThan(2);
    for (const reduction of ["ordered", "fast"] as const) {
      const run = await runs.create(reduction);
      await using group = await ProcessGroup.open({
        ...{ rank: 0, size: 1, host: "127.0.0.1", timeout: 60 },
        port: await freePort(),
      });
      const team = new ProcessTeam(group);
      await train(deviceOptions(run, { shards: { ...shards, reduction }, team }));
      const difference = largestDifference(measured(run), measured(alone));
      console.log(`${reduction}: the log differs by ${difference} at most`);
      expect(difference).toBeLessThanOrEqual(logTolerance);
    }
  });

  it("runs to its end under a launcher that started one process", () => {
    const launched = {
      ...{ RANK: "0", WORLD_SIZE: "1", LOCAL_RANK: "0" },
      ...{ MASTER_ADDR: "127.0.0.1", MASTER_PORT: "29511" },
    };
    const reat = [fromHere("../../bin/reat.js"), "train", "quickstart-pgd-at", "--device", "cuda"];
    const settings = ["training.epochs=1", "training.shards=2", "method.attack.steps=1"];
    const { status, stderr } = spawnSync(
      process.execPath,
      [...reat, "--name", "launched", ...settings.flatMap((setting) => ["--set", setting])],
      { encoding: "utf8", cwd: runs.root, env: { ...process.env, NO_COLOR: "1", ...launched } },
    );
    expect(status, stderr).toBe(0);
    const log = readFileSync(join(runs.root, "runs", "launched", "metrics.jsonl"), "utf8");
    expect(log).toContain('"type":"end"');
  });

  it("by two processes on one GPU exchanges through the CPU, and goes as by one", async () => {
    const crew = new Crew(fromHere("../training/group-run.mjs"), 2);
    const [one, two] = [join(runs.root, "one"), join(runs.root, "two")];
    for (const [size, folder] of [
      [1, one],
      [2, two],
    ] as const) {
      const members = await crew.together(size, { folder, epochs: 1, device: testDevice });
      for (const { said } of members) expect(await said()).toMatchObject({ stopped: false, epoch: 1 });
    }
    crew.dispose();
    const logs = [one, two].map((folder) => measured(RunFolder.ofAnother(folder)));
    const difference = largestDifference(logs[1], logs[0]);
    console.log(`two on one GPU: the log differs by ${difference} at most`);
    expect(difference).toBeLessThanOrEqual(logTolerance);
  });
});
