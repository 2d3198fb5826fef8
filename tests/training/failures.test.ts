// What goes wrong: divergence, a full disk, damaged and foreign checkpoints. The last good state must survive it all.
import { existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ReatError } from "../../src/errors.js";
import type { Method } from "../../src/methods/index.js";
import { SGD } from "../../src/optim/index.js";
import { full } from "../../src/tensor/index.js";
import {
  encodeSafetensors,
  loadWeights,
  type RunFolder,
  readCheckpoint,
  storeTensor,
  train,
} from "../../src/training/index.js";
import { eventsOf, TinyModel, temporaryRuns, tinyMethod, tinyOptions, weightsOf } from "./tiny-run.js";

const runs = temporaryRuns();
afterAll(runs.remove);

/** REAT, but the loss of one step is multiplied by `factor`. */
function spoiled(step: number, factor: number): Method {
  const method = tinyMethod("reat");
  let steps = 0;
  return {
    name: method.name,
    warnings: [],
    beginEpoch: (epoch) => method.beginEpoch(epoch),
    step: (batch, context) => {
      const result = method.step(batch, context);
      steps += 1;
      return steps === step ? { ...result, loss: result.loss.mul(factor) } : result;
    },
    state: () => method.state(),
    restore: (state) => method.restore(state),
    dispose: () => method.dispose(),
  };
}

describe("a loss that is NaN", () => {
  it("is found at the next reading, named by its batch, and the last good checkpoint stays", async () => {
    const run = await runs.create("nan");
    await train(tinyOptions(run, { epochs: 1 }));
    const good = readFileSync(run.lastCheckpoint);
    const failed = train(
      tinyOptions(run, {
        resume: true,
        method: spoiled(4, Number.NaN),
        logEvery: 100,
        learningRate: () => 0.125,
      }),
    );
    await expect(failed).rejects.toMatchObject({ code: "numerics" });
    // From there on the attack meets weights that are NaN, or the reading at the end of the epoch finds the loss.
    await expect(failed).rejects.toThrow(
      /^In epoch 2, batch [45] of 6: .*; try a learning rate below 0\.125.*the last good checkpoint is kept\.$/,
    );
    expect(readFileSync(run.lastCheckpoint).equals(good)).toBe(true);
    expect(await train(tinyOptions(run, { resume: true }))).toMatchObject({ stopped: false, epoch: 2 });
  });

  it("is named by its batch where nothing else notices it", async () => {
    const run = await runs.create("nan late");
    const calm = spoiled(3, Number.NaN);
    const options = tinyOptions(run, {
      method: calm,
      logEvery: 5,
      // Steps that are ignored: weights stay finite, only the loss is not.
      optimizer: { learningRate: 0, step: () => {}, state: () => new Map(), loadState: () => {} },
    });
    await expect(train(options)).rejects.toThrow(
      "In epoch 1, batch 3 of 6: the loss became NaN or infinite; try a learning rate below 0.1",
    );
  });

  it("is never written, also where a checkpoint comes before the next reading", async () => {
    const run = await runs.create("weights");
    const model = new TinyModel();
    const sgd = new SGD(model.namedParameters(), { learningRate: 0.1 });
    let steps = 0;
    const options = tinyOptions(run, {
      model,
      logEvery: 100,
      checkpointEvery: { batches: 2 },
      optimizer: {
        learningRate: 0.1,
        step: (gradients) => {
          sgd.step(gradients);
          steps += 1;
          if (steps === 4) model.head.parameters()[0]!.detach().fill_(Number.POSITIVE_INFINITY);
        },
        state: () => sgd.state(),
        loadState: (state) => sgd.loadState(state),
      },
    });
    await expect(train(options)).rejects.toThrow(/In epoch 1, batch 4 of 6: a weight became NaN or infinite/);
    expect((await readCheckpoint(run.lastCheckpoint)).state.progress).toMatchObject({ epoch: 1, batch: 2 });
  });
});

describe("a full disk", () => {
  it("ends the run with one sentence; what was saved last is continued to the same weights", async () => {
    const run = await runs.create("full");
    const options = tinyOptions(run, {
      reporter: (event) => {
        if (event.type === "epoch" && event.epoch === 2) {
          symlinkSync("/dev/full", `${run.lastCheckpoint}.tmp`);
        }
      },
    });
    await expect(train(options)).rejects.toMatchObject({
      code: "disk",
      message: `${run.lastCheckpoint} cannot be written: no space is left on the disk; what it held before is unchanged.`,
    });
    const again = tinyOptions(run, { resume: true });
    await train(again);
    const whole = tinyOptions(await runs.create("not full"));
    await train(whole);
    expect(weightsOf(again.model)).toEqual(weightsOf(whole.model));
  });
});

describe("a run whose files no longer fit its checkpoint", () => {
  let run: RunFolder;
  let log: string;
  beforeAll(async () => {
    run = await runs.create("torn");
    await train(tinyOptions(run, { epochs: 1 }));
    log = readFileSync(run.metricsFile, "utf8");
  });
  const lines = () => log.trimEnd().split("\n");

  it.each<[string, () => string, RegExp]>([
    [
      "too short",
      () => `${lines().slice(0, 3).join("\n")}\n`,
      /has \d+ bytes, and the last checkpoint counts on \d+: events of trained epochs are lost: put a copy/,
    ],
    ["empty", () => "", /has 0 bytes/],
    [
      "another run's",
      () => log.replaceAll("\n", " ").padEnd(log.length + 100, "x"),
      /is another run's: byte \d+, where the checkpoint was made, ends no line/,
    ],
    [
      "damaged in the middle",
      () => log.replace(lines()[2]!, "x".repeat(lines()[2]!.length)),
      /is damaged in line 3, which is no event/,
    ],
  ])("is refused while the log is %s, and nothing is changed", async (_name, spoil, message) => {
    const [spoilt, good] = [spoil(), readFileSync(run.lastCheckpoint)];
    writeFileSync(run.metricsFile, spoilt);
    const refused = train(tinyOptions(run, { resume: true }));
    await expect(refused).rejects.toMatchObject({ code: "data", message: expect.stringMatching(message) });
    expect(readFileSync(run.metricsFile, "utf8")).toBe(spoilt);
    expect(readFileSync(run.lastCheckpoint).equals(good)).toBe(true);
  });

  it("is refused while the best checkpoint is damaged, which would be noticed only at the end", async () => {
    writeFileSync(run.metricsFile, log);
    const good = readFileSync(run.bestCheckpoint);
    writeFileSync(run.bestCheckpoint, good.subarray(0, good.length - 1));
    const refused = train(tinyOptions(run, { resume: true }));
    await expect(refused).rejects.toMatchObject({
      code: "checkpoint",
      message: expect.stringMatching(/best\.safetensors .*cut off.*; without the file the run goes on/),
    });
  });

  it("goes on without log and best checkpoint where these are gone, and says so", async () => {
    for (const file of [run.metricsFile, run.bestCheckpoint]) rmSync(file);
    expect(await train(tinyOptions(run, { resume: true }))).toMatchObject({ best: { epoch: 2 } });
    const warnings = eventsOf(run).flatMap((event) => (event.type === "warning" ? [event.name] : []));
    expect(warnings).toEqual(["log-missing", "best-missing"]);
    expect(existsSync(run.bestCheckpoint)).toBe(true);
  });
});

describe("a checkpoint that does not belong", () => {
  let run: RunFolder;
  let good: Buffer;
  beforeAll(async () => {
    run = await runs.create("foreign");
    await train(tinyOptions(run, { epochs: 1 }));
    good = readFileSync(run.lastCheckpoint);
  });

  async function complaint(work: Promise<unknown>): Promise<string> {
    const error = await work.then(
      () => undefined,
      (cause: unknown) => cause,
    );
    expect(error).toBeInstanceOf(ReatError);
    expect((error as ReatError).code).toBe("checkpoint");
    return (error as ReatError).message;
  }
  const file = () => run.lastCheckpoint;
  const load = (model = new TinyModel()) => loadWeights(file(), model);

  it("is refused with any byte flipped", async () => {
    const spoilt = join(runs.root, "flipped.safetensors");
    const header = Number(good.readBigUInt64LE(0));
    // Every byte of the length, then samples of the header without its padding, then of the data.
    const end = 8 + good.subarray(8, 8 + header).lastIndexOf("}") + 1;
    const places = [0, 1, 2, 3, 4, 5, 6, 7];
    for (let at = 8; at < end; at += 37) places.push(at);
    for (let at = 8 + header; at < good.length; at += 211) places.push(at);
    places.push(good.length - 1);
    for (const at of places) {
      const bytes = Buffer.from(good);
      bytes[at]! ^= 0x10;
      writeFileSync(spoilt, bytes);
      const message = await complaint(readCheckpoint(spoilt));
      expect(message, `byte ${at}`).toMatch(/is damaged|is no valid safetensors file|something else/);
    }
  });

  it("is refused when it is cut off anywhere", async () => {
    const spoilt = join(runs.root, "cut.safetensors");
    for (let length = 0; length < good.length; length += 401) {
      writeFileSync(spoilt, good.subarray(0, length));
      expect(await complaint(readCheckpoint(spoilt)), `${length} bytes`).toMatch(/cut off|8 are the least/);
    }
  });

  it("is refused when it is missing, or a folder", async () => {
    expect(await complaint(readCheckpoint(join(runs.root, "none")))).toMatch(/there is no such file\.$/);
    expect(await complaint(readCheckpoint(runs.root))).toMatch(/cannot be read: EISDIR/);
  });

  it("is refused when it is a safetensors file of something else", async () => {
    const other = join(runs.root, "other.safetensors");
    const tensors = new Map([["weight", storeTensor(full([2], 1))]]);
    writeFileSync(other, Buffer.concat(encodeSafetensors({ tensors, metadata: { format: "pt" } })));
    expect(await complaint(readCheckpoint(other))).toBe(
      `${other} is a safetensors file of something else; a checkpoint that reat wrote is needed.`,
    );
  });

  it("is refused for another number of classes or architecture, and the model stays as it is", async () => {
    const model = new TinyModel(5, 7);
    const before = weightsOf(model);
    expect(await complaint(load(model))).toBe(
      `The checkpoint ${file()} is of a tiny with 4 classes; a tiny with 7 classes is needed.`,
    );
    expect(weightsOf(model)).toEqual(before);
    class Other extends TinyModel {
      override readonly architecture = "other";
    }
    expect(await complaint(load(new Other()))).toMatch(/is of a tiny with 4 classes; a other with 4 classes/);
  });

  it.each<[string, Parameters<typeof tinyOptions>[1], RegExp]>([
    [
      "another method",
      { method: tinyMethod("pgd-at") },
      /it was trained with reat, and the method now is pgd-at\.$/,
    ],
    [
      "another setting",
      { settings: { training: { batchSize: 16 }, method: { name: "reat" } } },
      /cannot be continued: training\.batchSize was 8 and is 16\.$/,
    ],
    [
      "other data",
      { batchesPerEpoch: 7 },
      /epochs have 6 batches, and now there are 7; the training images or the batch/,
    ],
    [
      "another model",
      { model: new TinyModel(1, 9) },
      /is of a tiny with 4 classes; a tiny with 9 classes is needed\.$/,
    ],
  ])("is not continued with %s, and log and checkpoint stay", async (_name, changes, message) => {
    const log = readFileSync(run.metricsFile);
    expect(await complaint(train(tinyOptions(run, { resume: true, ...changes })))).toMatch(message);
    expect(readFileSync(run.metricsFile).equals(log)).toBe(true);
    expect(readFileSync(file()).equals(good)).toBe(true);
  });

  it("is what another tool reads: names, dtypes and shapes of all weights", async () => {
    const { parts } = await readCheckpoint(file());
    const model = new TinyModel();
    const described = [...model.stateDict()].map(([name, { dtype, shape }]) => [name, dtype, shape]);
    const stored = [...parts.model].map(([name, { dtype, shape }]) => [name, dtype, shape]);
    expect(stored.sort()).toEqual(described.sort());
  });
});
