// Checkpoints whose checksum is right and whose content cannot be: each is refused with a sentence, before any training.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ReatError } from "../../src/errors.js";
import { type Checkpoint, readCheckpoint, writeCheckpoint } from "../../src/training/checkpoint.js";
import { parseState } from "../../src/training/checkpoint-state.js";
import { type RunFolder, train } from "../../src/training/index.js";
import type { StoredTensor } from "../../src/training/safetensors.js";
import { temporaryRuns, tinyOptions } from "./tiny-run.js";

const runs = temporaryRuns();
afterAll(runs.remove);
let run: RunFolder;
let good: Checkpoint;
let log: Buffer;
beforeAll(async () => {
  run = await runs.create("wrong");
  await train(tinyOptions(run, { epochs: 1 }));
  good = await readCheckpoint(run.lastCheckpoint);
  log = readFileSync(run.metricsFile);
});

type Json = Record<string, unknown>;

/** A copy of the state with the value at a dotted key changed; undefined takes it away. */
function changed(key: string, value: unknown): Checkpoint {
  const state = JSON.parse(JSON.stringify(good.state)) as Json;
  const path = key.split(".");
  const parent = path.slice(0, -1).reduce((inside, step) => inside[step] as Json, state);
  parent[path.at(-1)!] = value;
  return { ...good, state: state as unknown as Checkpoint["state"] };
}

function withPart(part: keyof Checkpoint["parts"], change: (tensors: Map<string, StoredTensor>) => void) {
  const tensors = new Map(good.parts[part]);
  change(tensors);
  return { ...good, parts: { ...good.parts, [part]: tensors } };
}

async function complaint(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => "was accepted",
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(ReatError);
  expect((error as ReatError).code).toBe("checkpoint");
  return (error as ReatError).message;
}

describe("a checkpoint with a right checksum", () => {
  it("is read back as it was written", async () => {
    const file = join(runs.root, "same.safetensors");
    await writeCheckpoint(file, good);
    expect((await readCheckpoint(file)).state).toEqual(good.state);
  });

  const none = undefined;
  it.each<[string, unknown, RegExp]>([
    ["progress", none, /progress is missing/],
    ["progress", null, /progress: Invalid input/],
    ["progress.epoch", none, /progress\.epoch is missing/],
    [
      "progress.epoch",
      1e9,
      /it counts 6 steps in epoch 1000000000 after batch 0, where 5999999994 have been made/,
    ],
    ["progress.epoch", 0, /progress\.epoch: /],
    ["progress.epoch", 1.5, /progress\.epoch: /],
    ["progress.batch", 7, /7 batches are done of an epoch that has 6/],
    ["progress.batch", -1, /progress\.batch: /],
    ["progress.step", 5, /it counts 5 steps in epoch 2 after batch 0, where 6/],
    ["progress.measuring", true, /it measures after batch 0 of 6/],
    ["progress.seconds", none, /progress\.seconds is missing/],
    ["progress.logged", null, /progress\.logged: /],
    ["progress.logged.terms", none, /progress\.logged\.terms is missing/],
    ["progress.best", { epoch: 9, robust: 0.5 }, /its best epoch, 9, comes after epoch 2/],
    ["progress.best", { epoch: 1, robust: 2 }, /progress\.best\.robust: /],
    ["progress.logLength", -5, /progress\.logLength: /],
    ["statistics", none, /statistics is missing/],
    ["statistics.batches", 3, /its sums are of 3 batches, and 0 are done/],
    ["statistics.termNames", "loss", /statistics\.termNames: /],
    ["method", none, /method is missing/],
    ["method.state", null, /method\.state: /],
    [
      "method.state",
      { epoch: 1 },
      /its method's state does not fit: .*method reat: predictedCounts is missing/,
    ],
    ["settings", none, /settings is missing/],
    ["settings", [1], /settings: /],
    ["seeds", none, /seeds is missing/],
    ["classes", 0, /classes: /],
    ["architecture", none, /architecture is missing/],
    ["batchesPerEpoch", 0, /batchesPerEpoch: /],
    ["batchesPerEpoch", "6", /batchesPerEpoch: /],
  ])("and %s %j is refused", async (key, value, message) => {
    await writeCheckpoint(run.lastCheckpoint, changed(key, value));
    const said = await complaint(train(tinyOptions(run, { resume: true })));
    expect(said).toMatch(message);
    expect(said).toContain(run.lastCheckpoint);
    expect(readFileSync(run.metricsFile).equals(log)).toBe(true);
  });

  it("and more epochs than are asked for is refused", async () => {
    const ahead = changed("progress", { ...good.state.progress, epoch: 4, step: 18 });
    await writeCheckpoint(run.lastCheckpoint, ahead);
    expect(await complaint(train(tinyOptions(run, { resume: true })))).toMatch(
      /cannot be continued: 3 epochs are trained, and 2 are asked for now\.$/,
    );
  });

  const first = (tensors: Map<string, StoredTensor>) => [...tensors.keys()][0]!;
  it.each<[string, () => Checkpoint, RegExp]>([
    [
      "no weights",
      () => withPart("model", (t) => t.clear()),
      /its weights do not fit: .*missing norm\.weight/,
    ],
    [
      "a weight too few",
      () => withPart("model", (t) => t.delete(first(t))),
      /its weights do not fit: .*missing/,
    ],
    [
      "no momentum",
      () => withPart("optimizer", (t) => t.clear()),
      /its optimiser's state does not fit: The optimiser's state lacks momentum/,
    ],
    [
      "no predictions",
      () => withPart("statistics", (t) => t.clear()),
      /its sums of the epoch do not fit: "predicted" is missing, and \[4\] is needed/,
    ],
    [
      "predictions of other classes",
      () =>
        withPart("statistics", (t) =>
          t.set("predicted", { dtype: "int64", shape: [1], bytes: new Uint8Array(8) }),
        ),
      /"predicted" is \[1\], and \[4\] is needed/,
    ],
    [
      "no random numbers",
      () => withPart("generator", (t) => t.clear()),
      /no state of the attack's random numbers/,
    ],
    [
      "random numbers of another size",
      () =>
        withPart("generator", (t) =>
          t.set("attack", { dtype: "uint8", shape: [3], bytes: new Uint8Array(3) }),
        ),
      /its random numbers are not those of a generator on cpu/,
    ],
    [
      "random numbers that no generator has",
      () =>
        withPart("generator", (t) => {
          const { bytes, ...stored } = t.get("attack")!;
          t.set("attack", { ...stored, bytes: new Uint8Array(bytes.length).fill(0xff) });
        }),
      /its random numbers are not those of a generator on cpu/,
    ],
  ])("and %s is refused", async (_name, make, message) => {
    await writeCheckpoint(run.lastCheckpoint, make());
    expect(await complaint(train(tinyOptions(run, { resume: true })))).toMatch(message);
  });

  it("and a state that is no JSON is refused", () => {
    expect(() => parseState("{", "some.safetensors")).toThrow(
      /some\.safetensors holds a state .*: it is no JSON/,
    );
  });
});
