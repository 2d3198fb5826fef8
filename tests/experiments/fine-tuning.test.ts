// Fine-tuning: weights to begin with, a backbone with rates and rest of its own, AdamW, and going on as if never stopped.
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseConfig, resumeExperiment, runExperiment } from "../../src/experiments/index.js";
import { parameterSettings } from "../../src/experiments/optimiser.js";
import { pretrainedWeights } from "../../src/experiments/pretrained-weights.js";
import { type ClassifierDescription, describeAsJson } from "../../src/export/index.js";
import { buildModel } from "../../src/nn/index.js";
import { Generator, noGrad, scope, setThreads, tensor } from "../../src/tensor/index.js";
import {
  decodeSafetensors,
  encodeSafetensors,
  type StoredTensor,
  storeTensor,
} from "../../src/training/index.js";
import {
  loadPretrained,
  type Normalisation,
  NormalisedInput,
  normalisations,
  readWeightsFile,
} from "../../src/weights/index.js";
import { TinyExperiments } from "./tiny-experiment.js";

setThreads(1);
const folder = mkdtempSync(join(tmpdir(), "reat-fine-tuning-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const digest = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** A file of a smallcnn of seven classes, under a name that data parallelism puts before all others. */
function weightsOfSeven(more: Readonly<Record<string, readonly number[]>> = {}): string {
  const model = buildModel("smallcnn", { classes: 7, generator: new Generator(9) });
  const file = join(folder, `seven${Object.keys(more).length}.safetensors`);
  const tensors = new Map<string, StoredTensor>(
    [...model.stateDict()].map(([name, value]) => [`module.${name}`, storeTensor(value)]),
  );
  scope(() => {
    for (const [name, values] of Object.entries(more)) tensors.set(name, storeTensor(tensor([...values])));
  });
  writeFileSync(file, Buffer.concat(encodeSafetensors({ tensors, metadata: {} })));
  model.dispose();
  return file;
}

describe("parameters' own settings", () => {
  it("fall towards the input, layer by layer, and leave the last layer alone", () => {
    const network = buildModel("small-resnet", { classes: 3, generator: new Generator(1) });
    const model = new NormalisedInput(network, normalisations.imagenet);
    const backbone = { rate: 0.5, layerDecay: 0.8, frozenEpochs: 2 };
    const settingsOf = parameterSettings(model, { backbone, decayVectors: false });
    const parameters = model.namedParameters();
    const of = (name: string) => settingsOf(name, parameters.get(name)!);
    expect(of("network.fc.weight")).toEqual({});
    expect(of("network.fc.bias")).toEqual({ weightDecay: 0 });
    // Stem, layer1.0, layer2.0, layer3.0, layer3.1.
    expect(of("network.layer3.1.residual_function.0.weight")).toEqual({ rate: 0.5 * 0.8, frozenEpochs: 2 });
    expect(of("network.conv1.0.weight")).toEqual({ rate: 0.5 * 0.8 ** 5, frozenEpochs: 2 });
    expect(of("network.conv1.1.bias")).toEqual({ rate: 0.5 * 0.8 ** 5, frozenEpochs: 2, weightDecay: 0 });
    model.dispose();
  });

  it("refuse what only does harm or nothing", () => {
    const refused =
      (training: object, model: object = {}) =>
      () =>
        parseConfig({ training, model });
    expect(refused({ optimizer: "adamw" })).toThrow("training.learningRate is 0.1, a rate of SGD's");
    expect(refused({ adamw: { beta1: 0.8 } })).toThrow(
      "training.adamw is set, but training.optimizer is sgd",
    );
    expect(refused({ optimizer: "adamw", learningRate: 1e-3, momentum: 0.8 })).toThrow(
      "training.momentum is 0.8",
    );
    expect(refused({ backbone: { frozenEpochs: 3 }, epochs: 3 })).toThrow(
      "training.backbone.frozenEpochs is 3",
    );
    expect(refused({}, { dropPath: 0.1 })).toThrow(
      "model.dropPath is 0.1, but resnet18 has no stochastic depth; accepted with it: 0; networks with it: convnext-tiny, vit-s16.",
    );
    expect(refused({}, { architecture: "vit-s16", dropPath: 1 })).toThrow("model.dropPath");
    expect(refused({}, { weightsKey: "ema" })).toThrow("model.weightsKey is set without model.weights");
  });
});

describe("weights to begin with", () => {
  it("replace all but a last layer of other classes, and say so", async () => {
    const read = await readWeightsFile(weightsOfSeven());
    const network = buildModel("smallcnn", { classes: 10, generator: new Generator(1) });
    const head = scope(() => network.stateDict().get("fc2.weight")!.toArray());
    const notes = loadPretrained(read, network, null);
    expect(notes.join(" ")).toMatch(
      /in \[0, 1\].*Its last layer of 7 classes was left out: a new one of 10 begins\./,
    );
    const state = network.stateDict();
    expect(scope(() => state.get("fc2.weight")!.toArray())).toEqual(head);
    expect(digest(storeTensor(state.get("conv1.weight")!).bytes)).toBe(
      digest(read.state.get("module.conv1.weight")!.bytes),
    );
    const other = buildModel("small-resnet", { classes: 7, generator: new Generator(1) });
    expect(() => loadPretrained(read, other, null)).toThrow("is not a small-resnet with 7 classes");
    network.dispose();
    other.dispose();
  });

  it("resample a vision transformer's positions for images of another size", () => {
    const build = (side: number) =>
      buildModel("vit-s16", {
        classes: 3,
        generator: new Generator(1),
        imageSize: { height: side, width: side },
      });
    const [large, small] = [build(64), build(32)];
    noGrad(() => scope(() => large.stateDict().get("pos_embed")!.fill_(0.25)));
    const state = new Map([...large.stateDict()].map(([name, value]) => [name, storeTensor(value)]));
    const file = {
      file: "vit.pt",
      format: "torch.save",
      sha256: "",
      state,
      classNames: null,
      notes: [],
    } as const;
    const notes = loadPretrained({ ...file, texts: new Map() }, small, normalisations.imagenet);
    expect(notes).toContain("Its positions of 4×4 patches were resampled to 2×2.");
    for (const value of scope(() => small.stateDict().get("pos_embed")!.flatten().toArray())) {
      expect(value).toBeCloseTo(0.25, 6);
    }
    large.dispose();
    small.dispose();
  });

  it("bring no normalisation that the training does not have", async () => {
    const read = await readWeightsFile(
      weightsOfSeven({ mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }),
    );
    const network = buildModel("smallcnn", { classes: 7, generator: new Generator(1) });
    expect(() => loadPretrained(read, network, null)).toThrow(
      "model.normalise={mean: [0.485,0.456,0.406], std: [0.229,0.224,0.225]}",
    );
    expect(loadPretrained(read, network, normalisations.imagenet).join(" ")).toContain(
      "the same one is used",
    );
    network.dispose();
  });
});

it("a checkpoint of a network that normalises is begun with, where the training normalises the same", async () => {
  const network = buildModel("smallcnn", { classes: 7, generator: new Generator(3) });
  const model = new NormalisedInput(network, normalisations.imagenet);
  const tensors = new Map(
    [...model.stateDict()].map(([name, value]) => [`model.${name}`, storeTensor(value)]),
  );
  const file = join(folder, "own.safetensors");
  const metadata = { format: "reat-checkpoint" };
  writeFileSync(file, Buffer.concat(encodeSafetensors({ tensors, metadata })));
  const read = await readWeightsFile(file);
  const other = buildModel("smallcnn", { classes: 7, generator: new Generator(1) });
  expect(() => loadPretrained(read, other, null)).toThrow("model.normalise={mean: [0.485,0.456,0.406]");
  expect(loadPretrained(read, other, normalisations.imagenet).join(" ")).toContain("the same one is used");
  const digestOf = (from: typeof other) => digest(storeTensor(from.stateDict().get("conv1.weight")!).bytes);
  expect(digestOf(other)).toBe(digestOf(network));
  model.dispose();
  other.dispose();
});

describe("a configuration that fine-tunes", () => {
  const training = { optimizer: "adamw", learningRate: 1e-3 };
  const begun = (backbone: object, model: object = {}) =>
    pretrainedWeights(parseConfig({ training: { ...training, backbone }, model }));

  it("is refused without weights, before anything is read", async () => {
    for (const backbone of [{ frozenEpochs: 1 }, { rate: 0.1 }]) {
      await expect(begun(backbone)).rejects.toThrow(
        /names no weights to begin with; accepted: --weights <file>.*training\.backbone\.rate=1/,
      );
    }
    expect(await begun({ layerDecay: 0.8 })).toBe(null);
    expect(await begun({ rate: 1, frozenEpochs: 0 })).toBe(null);
  });

  it("is refused where it normalises otherwise than an export of this project says", async () => {
    const description = (normalisation: Normalisation | null): ClassifierDescription => ({
      name: "a",
      source: { checkpoint: "last", epoch: 1, averaged: false, reat: "0.1.0" },
      ...{ architecture: "smallcnn", classifier: "linear", normalisation, correction: null },
      ...{ method: parseConfig({}).method, classNames: ["a", "b"], classCounts: [2, 1] },
      imageSize: { height: 32, width: 32 },
      preprocessing: { resize: null, crop: null, orientation: "apply" },
    });
    const file = (normalisation: Normalisation | null) => {
      const path = join(folder, `export-${normalisation === null}.safetensors`);
      const metadata = { reat: describeAsJson(description(normalisation)) };
      const tensors = new Map([["a", { dtype: "int64", shape: [], bytes: new Uint8Array(8) } as const]]);
      writeFileSync(path, Buffer.concat(encodeSafetensors({ tensors, metadata })));
      return path;
    };
    const imagenet = file(normalisations.imagenet);
    await expect(begun({}, { weights: imagenet })).rejects.toThrow(
      "accepted: model.normalise={mean: [0.485,0.456,0.406], std: [0.229,0.224,0.225]}.",
    );
    await expect(begun({}, { weights: file(null), normalise: "imagenet" })).rejects.toThrow(
      "takes images as they are, in [0, 1], and the training would normalise them",
    );
    expect(await begun({}, { weights: imagenet, normalise: "imagenet" })).not.toBe(null);
    expect(await begun({}, { weights: file(null) })).not.toBe(null);
  });
});

describe("a run that fine-tunes", () => {
  const tiny = new TinyExperiments();
  afterAll(() => tiny.dispose());
  const runs = join(tiny.folder, "runs");
  const config = (name: string) =>
    parseConfig({
      name,
      data: { source: tiny.data },
      model: { architecture: "smallcnn", weights: weightsOfSeven() },
      method: { name: "pgd-at", attack: { steps: 1 } },
      training: {
        ...{ epochs: 2, batchSize: 8, select: "last", evaluationAttack: "pgd-1", evaluationImages: 10 },
        ...{ optimizer: "adamw", learningRate: 1e-3, decayVectors: false, cosine: {} },
        backbone: { frozenEpochs: 1, layerDecay: 0.9 },
      },
      evaluation: { attacks: ["pgd-1"], images: 10 },
      threads: 1,
    });
  const weights = (run: string) => {
    const file = join(run, "checkpoints", "last.safetensors");
    const { tensors } = decodeSafetensors(readFileSync(file), file);
    const kept = [...tensors].filter(([name]) => /^(model|optimizer)\./.test(name));
    return Object.fromEntries(kept.map(([name, { bytes }]) => [name, digest(bytes)]));
  };
  let whole: string;

  beforeAll(async () => {
    const notes: string[] = [];
    const { run } = await runExperiment(config("whole"), {
      runsFolder: runs,
      onNote: (text) => notes.push(text),
    });
    whole = run.path;
    expect(notes[0]).toMatch(/^The training begins with .*seven0\.safetensors\.$/);
    expect(run.environment()).toMatchObject({ weights: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) } });
  });

  it.each([1, 2])(
    "stopped in epoch %i goes on to the same weights, moments and steps, without the file",
    async (epoch) => {
      const stop = new AbortController();
      const name = `stopped-${epoch}`;
      const { run } = await runExperiment(config(name), {
        runsFolder: runs,
        signal: stop.signal,
        reporter: (event) => {
          if (event.type === "start" && epoch === 1) stop.abort(new Error("stop"));
          if (event.type === "epoch") stop.abort(new Error("stop"));
        },
      });
      const frozen = await readWeightsFile(weightsOfSeven());
      if (epoch === 2) {
        const begun = frozen.state.get("module.conv1.weight")!;
        expect(weights(run.path)["model.conv1.weight"]).toBe(digest(begun.bytes));
      } else if (existsSync(run.lastCheckpoint)) rmSync(weightsOfSeven());
      await resumeExperiment(run.path);
      expect(weights(run.path)).toEqual(weights(whole));
      await expect(resumeExperiment(run.path, ["training.backbone.layerDecay=0.8"])).rejects.toThrow(
        "training.backbone.layerDecay was 0.9 and is 0.8",
      );
    },
  );
});
