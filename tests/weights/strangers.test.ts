// What people keep beside and around their weights: other states, wrappers, normalisers, harmless objects, other protocols.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import type { PythonValue } from "../../src/export/pytorch/pickle-writer.js";
import { encodeTorchArchive } from "../../src/export/pytorch/torch-archive.js";
import { BasicBlock, ResNet, resnet18 } from "../../src/nn/index.js";
import { Generator, setThreads } from "../../src/tensor/index.js";
import {
  loadWeightsFile,
  type Normalisation,
  normalisationProblem,
  readWeightsFile,
} from "../../src/weights/index.js";

setThreads(1);
const folder = mkdtempSync(join(tmpdir(), "reat-strangers-"));
afterAll(() => rmSync(folder, { recursive: true }));
const fixture = (name: string) => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));

function loaded(weights: Awaited<ReturnType<typeof readWeightsFile>>, normalisation?: Normalisation) {
  const stages = [
    { width: 4, blocks: 1, stride: 1 },
    { width: 6, blocks: 1, stride: 2 },
  ];
  const tiny = { ...resnet18, architecture: "tiny-resnet", block: BasicBlock, stemWidth: 4, stages };
  const model = new ResNet(tiny, 3, new Generator(1));
  const notes = loadWeightsFile(weights, model, normalisation);
  const bias = model.stateDict().get("fc.bias")!.toArray();
  model.dispose();
  return { notes, bias };
}

describe("several states in a file", () => {
  it("the usual one is taken, and the others are named", async () => {
    const weights = await readWeightsFile(fixture("ema.pth"));
    expect(weights.notes).toEqual([
      'The state was found under "model".',
      'The file also holds weights under "model_ema", "ema.shadow"; --weights-key model_ema (in a configuration model.weightsKey) takes those.',
    ]);
  });

  it("an export's constants are no weights to be offered", async () => {
    const { state } = await readWeightsFile(fixture("kuangliu.pth"));
    const constants = new Map([["mean", [...state.values()][0]!]]);
    const file = join(folder, "export.pt");
    const notes = async (more: readonly [string, string][]) => {
      writeFileSync(
        file,
        encodeTorchArchive(
          new Map<string, PythonValue>([["state_dict", state], ["constants", constants], ...more]),
        ),
      );
      return (await readWeightsFile(file)).notes.join(" ");
    };
    expect(await notes([])).toContain("--weights-key constants");
    expect(await notes([["reat", "{}"]])).toBe('The state was found under "state_dict".');
  });

  it("another is taken by its key, and by its path", async () => {
    const plain = loaded(await readWeightsFile(fixture("kuangliu.pth"))).bias;
    expect(loaded(await readWeightsFile(fixture("ema.pth"))).bias).not.toEqual(plain);
    for (const key of ["model_ema", "ema.shadow"]) {
      const weights = await readWeightsFile(fixture("ema.pth"), key);
      expect(weights.notes).toEqual([]);
      expect(loaded(weights).bias).toEqual(plain);
    }
  });

  it("is chosen by the first part of its names where all lie in one dictionary", async () => {
    const weights = await readWeightsFile(fixture("sequential.pth"), "1");
    expect(loaded(weights)).toMatchObject({ notes: ["32 names were translated from another layout."] });
  });

  it("one that is not there is refused with those that are", async () => {
    await expect(readWeightsFile(fixture("ema.pth"), "teacher")).rejects.toThrow(
      /ema\.pth holds no weights under "teacher"; there are "model", "model_ema", "ema\.shadow", "conv1", "bn1"/,
    );
  });
});

describe("wrappers", () => {
  it("an attacker with a normaliser: taken off, copies left out, the normaliser told", async () => {
    const weights = await readWeightsFile(fixture("attacker.pth"));
    expect(loaded(weights).notes).toEqual([
      'The prefix "module." was taken from all names.',
      "38 tensors that an attacker's wrapper repeats were left out.",
      'The prefix "model." was taken from all names.',
      "32 names were translated from another layout.",
      "Its wrapper normalises images; that was taken off. Give --mean 0.4914,0.4822,0.4465 --std 0.247,0.2435,0.2616: without it the figures are those of another function.",
    ]);
  });

  it("a normaliser on the scale of 0 to 255 is told as that of [0, 1], and compared with what is given", async () => {
    const weights = await readWeightsFile(fixture("sequential.pth"));
    const note = (given?: Normalisation) => loaded(weights, given).notes.at(-1);
    expect(note()).toContain("Give --mean 0.4914,0.4822,0.4465 --std 0.247,0.2435,0.2616:");
    const own = { mean: [0.4914, 0.4822, 0.4465], deviation: [0.247, 0.2435, 0.2616] };
    expect(note(own)).toBe("Its wrapper's normalisation was taken off, and the same one is used.");
    expect(note({ ...own, mean: [0.5, 0.5, 0.5] })).toContain(
      "Its wrapper normalises otherwise than was asked for",
    );
  });

  it.each(["mu", "normalize.mean", "sigma", "module.normalizer.new_std"])("%s is no weight", async (name) => {
    const weights = await readWeightsFile(fixture("kuangliu.pth"));
    const channels = { dtype: "float32" as const, shape: [3, 1, 1], bytes: new Uint8Array(12).fill(61) };
    const { notes } = loaded({ ...weights, state: new Map([...weights.state, [name, channels]]) });
    expect(notes.at(-1)).toContain("Its wrapper normalises images");
  });
});

describe("what is no weight", () => {
  const harmless =
    "Passed over, for they hold no weights: a number of NumPy, argparse.Namespace, builtins.complex, datetime.datetime, datetime.timedelta, datetime.timezone, numpy.ndarray, pathlib.PosixPath.";

  it("is passed over by name, and never run", async () => {
    const { notes } = await readWeightsFile(fixture("extras.pth"));
    expect(notes).toEqual(['The state was found under "state_dict".', harmless]);
  });

  it.each([1, 2, 3, 4, 5])("in the older form too, in protocol %i", async (protocol) => {
    const { state, notes } = await readWeightsFile(fixture(`older-${protocol}.pkl`));
    const { dtype, shape, bytes } = state.get("weight")!;
    expect({ dtype, shape }).toEqual({ dtype: "float32", shape: [2, 3] });
    expect([...new Float32Array(Uint8Array.from(bytes).buffer)]).toEqual([0, 1, 2, 3, 4, 5]);
    expect(state.get("count")!.dtype).toBe("int64");
    expect(notes.at(-1)).toContain("argparse.Namespace");
    expect(readFileSync(fixture(`older-${protocol}.pkl`)).length).toBeLessThan(6000);
  });
});

it("safetensors whose header begins with white space are weights", async () => {
  const header = Buffer.from('\n  {"w": {"dtype": "U8", "shape": [2], "data_offsets": [0, 2]}}');
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const file = join(folder, "spaced.safetensors");
  writeFileSync(file, Buffer.concat([length, header, Buffer.from([1, 2])]));
  const { state, format } = await readWeightsFile(file);
  expect(format).toBe("safetensors");
  expect([...state.get("w")!.bytes]).toEqual([1, 2]);
});

describe("a normalisation", () => {
  it.each([
    [
      [125.3, 123, 113.9],
      [63, 62.1, 66.7],
      "which is the scale from 0 to 255; divided by 255 these are mean 0.4914,0.4824,0.4467 and std 0.2471,0.2435,0.2616.",
    ],
    [[0.5, 0.5, 0.5], [127.5, 127.5, 127.5], "the scale from 0 to 255"],
    [[-0.5, 0.5, 0.5], [0.5, 0.5, 0.5], "whose mean lies from 0 to 1"],
    [[0.5, 0.5, 0.5], [0.5, 0, 0.5], "a standard deviation above 0"],
    [[300, 0.5, 0.5], [0.5, 0.5, 0.5], "whose mean lies from 0 to 1"],
  ])("%j %j is refused", (mean, deviation, message) => {
    expect(normalisationProblem({ mean, deviation })).toContain(message);
  });

  it("of images in [0, 1] is taken", () => {
    expect(normalisationProblem({ mean: [0, 0, 0], deviation: [1, 1, 1] })).toBeNull();
    expect(
      normalisationProblem({ mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225] }),
    ).toBeNull();
  });
});
