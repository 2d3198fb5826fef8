// What goes wrong on a real GPU: a device that is not there or hidden, memory that runs out, a failure in the middle of a run.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { buildModel } from "../../src/nn/index.js";
import {
  crossEntropy,
  deviceMemory,
  Generator,
  grad,
  likelyBatchSize,
  OutOfMemoryError,
  rand,
  resolveDevice,
  scope,
  synchronize,
  systemInfo,
  zeros,
} from "../../src/tensor/index.js";
import { train } from "../../src/training/index.js";
import { describeOnCuda, onTestDevice, testDevice } from "../test-device.js";
import { eventsOf, temporaryRuns } from "../training/tiny-run.js";
import { deviceOptions } from "./device-run.js";

const runs = temporaryRuns();
afterAll(runs.remove);

const fromHere = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Runs a program of ours to its end. */
function ended(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    encoding: "utf8",
    cwd: runs.root,
    env: { ...process.env, NO_COLOR: "1", ...env },
  });
  return { status, stdout, stderr };
}
const reat = (args: readonly string[], env?: Readonly<Record<string, string>>) =>
  ended([fromHere("../../bin/reat.js"), ...args], env);

describeOnCuda("a device that cannot be used", () => {
  it("is refused with the ones that are there", () => {
    const count = systemInfo().cudaDeviceCount;
    const there = count === 1 ? "there is 1 CUDA device: cuda:0" : `there are ${count} CUDA devices: cuda:0`;
    expect(() => resolveDevice(`cuda:${count}`)).toThrow(there);
    const { status, stderr } = reat(["train", "quickstart-pgd-at", "--device", `cuda:${count}`]);
    expect(stderr).toContain(`device cuda:${count} was asked for, but ${there}`);
    expect(status).not.toBe(0);
  });

  it("is told apart where the environment hides all, and auto takes the CPU", () => {
    const hidden = { CUDA_VISIBLE_DEVICES: "" };
    const { status, stderr } = reat(["train", "quickstart-pgd-at", "--device", "cuda"], hidden);
    expect(stderr).toMatch(
      /device cuda was asked for, but no CUDA device can be used .*`npx reat doctor` tells more/,
    );
    expect(status).not.toBe(0);
    expect(reat(["doctor"], hidden).stdout).toContain('CUDA_VISIBLE_DEVICES="" hides every device');
    const library = JSON.stringify(fromHere("../../dist/tensor/index.js"));
    const script = `const { resolveDevice } = await import(${library}); console.log(resolveDevice("auto"));`;
    expect(ended(["--input-type=module", "-e", script], hidden).stdout).toBe("cpu\n");
  });
});

describeOnCuda("memory that runs out", () => {
  /** Images whose passes through ResNet-18 no GPU holds at once: four feature maps of 64 channels are 1 MiB an image. */
  const tooMany = () => Math.ceil(deviceMemory(testDevice).total / 2 ** 20);

  it("is told with a batch size that fits, after a few tries at most", () => {
    const model = onTestDevice(buildModel("resnet18", { classes: 10, generator: new Generator(1) }));
    const step = (count: number) =>
      scope(() => {
        const images = rand([count, 3, 32, 32], new Generator(2, testDevice));
        const labels = zeros([count], { device: testDevice, dtype: "int64" });
        grad(crossEntropy(model.logits(images), labels), model.parameters());
        synchronize(testDevice);
      });
    const tried = [tooMany()];
    for (let fits = false; !fits; ) {
      const count = tried.at(-1)!;
      try {
        step(count);
        fits = true;
      } catch (error) {
        expect(error).toBeInstanceOf(OutOfMemoryError);
        const { shortage } = error as OutOfMemoryError;
        expect(shortage).toMatchObject({
          device: testDevice,
          total: expect.any(Number),
          free: expect.any(Number),
        });
        const next = likelyBatchSize(count, shortage);
        expect(next).not.toBeNull();
        tried.push(next!);
      }
      expect(tried.length, tried.join(", ")).toBeLessThanOrEqual(6);
    }
    console.log(`batches tried, the last fits: ${tried.join(", ")}`);
    expect(tried.length).toBeGreaterThan(1);
    model.dispose();
  });

  it("in the middle of a run leaves a checkpoint from which the same process can go on", async () => {
    const run = await runs.create("memory");
    let checkpoint: Buffer | undefined;
    const { batches } = deviceOptions(run);
    // As many images as take half of what is there: the first thing that an attack adds to them does not fit.
    const count = Math.floor(deviceMemory(testDevice).total / (2 * 3 * 64 * 4));
    const failed = train(
      deviceOptions(run, {
        checkpointEvery: { batches: 3 },
        batches: (epoch) => ({
          count: 6,
          batch: (b) =>
            b < 4
              ? batches(epoch).batch(b)
              : {
                  images: rand([count, 3, 8, 8], new Generator(1, testDevice)),
                  labels: zeros([count], { device: testDevice, dtype: "int64" }),
                },
        }),
        onProgress: ({ batch }) => {
          if (batch === 4) checkpoint = readFileSync(run.lastCheckpoint);
        },
      }),
    );
    await expect(failed).rejects.toThrow(
      new RegExp(
        `^In epoch 1, batch 5 of 6: memory ran out with batches of ${count} images \\(.* did not fit into the .* GiB of ${testDevice}, of which .* were free\\); batches of \\d+ would probably fit; the last checkpoint is kept\\.$`,
      ),
    );
    expect(checkpoint?.equals(readFileSync(run.lastCheckpoint))).toBe(true);
    expect(await train(deviceOptions(run, { resume: true }))).toMatchObject({ stopped: false });
    const starts = eventsOf(run).filter(({ type }) => type === "start");
    expect(starts).toHaveLength(2);
    expect(starts[1]).toMatchObject({ resumedFrom: { epoch: 1, batch: 3 } });
  });

  it("ends the command line with that sentence", () => {
    const { status, stderr } = reat([
      ...["train", "quickstart-pgd-at", "--device", testDevice, "--name", "too-large"],
      ...["--set", "model.architecture=wrn28_10", "--set", "data.subset.profile=natural"],
      ...["--set", "training.batchSize=10000", "--set", "method.attack.steps=1"],
    ]);
    expect(stderr).toMatch(
      /In epoch 1, batch 1 of 1: memory ran out with batches of \d+ images \(.*\); batches of \d+ would probably fit\./,
    );
    expect(status).not.toBe(0);
  });
});

describe("a GPU that fails in the middle of a run", () => {
  describeOnCuda("because of a label that no class has", () => {
    it("leaves the last checkpoint, from which a new process goes on", () => {
      const folder = join(runs.root, "failing");
      const program = fromHere("failing-run.mjs");
      const failed = ended([program, testDevice, folder]);
      expect(failed.stderr).toMatch(
        /device: In epoch 2, (after )?batch \d of 6: the GPU failed \(CUDA error: device-side assert triggered\); the last checkpoint is kept, and a new process can continue from it\./,
      );
      expect(failed.status).toBe(1);
      const resumed = ended([program, testDevice, folder, "mended"]);
      expect(resumed.stderr).toBe("");
      expect(resumed.stdout).toBe("done after epoch 3\n");
    });
  });
});
