// From a run to a classifier, to exported files, and back: the same answers, and the same adversarial examples.
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { basename, isAbsolute, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseDocument } from "yaml";
import { pgd } from "../../../src/attacks/index.js";
import { createDataset, generateSynthetic, selectImages, writePacked } from "../../../src/data/index.js";
import { type ForeignOptions, openForeignModel } from "../../../src/experiments/foreign-model.js";
import { exportClassifier, loadClassifier, type TrainedClassifier } from "../../../src/experiments/index.js";
import { gradientParity, onnxParity, referenceOf } from "../../../src/experiments/using/parity.js";
import {
  type LogitCorrection,
  onnxFiles,
  parseDescription,
  safetensorsFile,
  torchFile,
} from "../../../src/export/index.js";
import { methodOptions, methods } from "../../../src/methods/index.js";
import { Generator, noGrad, rand, scope, type Tensor, tensor } from "../../../src/tensor/index.js";
import { decodeSafetensors } from "../../../src/training/index.js";
import { untrained } from "../../export/subjects.js";
import { TinyExperiments } from "../tiny-experiment.js";

let tiny: TinyExperiments;
let run: string;
let exported: string;

beforeAll(async () => {
  tiny = new TinyExperiments();
  run = await tiny.train("birds");
  exported = (await exportClassifier(run, { to: ["onnx", "pytorch", "safetensors"], withGradient: true }))
    .folder;
}, 120_000);
afterAll(() => tiny.dispose());

function examples({
  model,
  classNames,
  imageSize,
}: Pick<TrainedClassifier, "model" | "classNames" | "imageSize">): number[] {
  const { height, width } = imageSize;
  const attack = pgd({ norm: "linf", epsilon: 8 / 255, stepSize: 2 / 255, steps: 5, start: "uniform" });
  return scope(() => {
    const images = rand([6, 3, height, width], new Generator(1));
    const labels = tensor(BigInt64Array.from({ length: 6 }, (_, id) => BigInt(id % classNames.length)));
    return model.withMode("frozen", () => attack.perturb(model, images, labels, new Generator(2))).toArray();
  });
}

describe("a run", () => {
  it("opens with what it recorded of itself", async () => {
    using classifier = await loadClassifier(run);
    expect(classifier.description).toMatchObject({
      preprocessing: { resize: null, crop: null, orientation: "apply" },
      ...{ name: "birds", architecture: "smallcnn", imageSize: { height: 32, width: 32 } },
      source: { checkpoint: "last", epoch: 1, averaged: false },
    });
    expect(classifier.classNames).toHaveLength(10);
    expect(classifier.model.mode).toBe("eval");
  });

  it.each(["", "model.pt", "model.safetensors"])("gives the same examples as its export %s", async (file) => {
    using own = await loadClassifier(run);
    using again = await loadClassifier(join(exported, file));
    const wanted = examples(own);
    expect(Math.max(...wanted)).toBeGreaterThan(0.5);
    expect(examples(again)).toEqual(wanted);
  });

  it("keeps RoBal's correction and a normalisation inside every form", async () => {
    const method = methodOptions.parse({ name: "robal" });
    const normalisation = { mean: [0.5, 0.4, 0.3], deviation: [0.2, 0.3, 0.25] };
    using subject = untrained({ classifier: "cosine", method, normalisation });
    const { scale, offsets } = subject.description.correction as LogitCorrection;
    expect(scale).toBeCloseTo(10, 9);
    expect(offsets[0]).toBeCloseTo(-0.1 * Math.log(40 / 90), 9);
    const source = join(tiny.folder, "robal.safetensors");
    writeFileSync(source, Buffer.concat(safetensorsFile(subject)));
    const out = join(tiny.folder, "robal");
    const { parity } = await exportClassifier(source, { to: ["onnx", "pytorch", "safetensors"], out });
    expect(parity.map(({ file, runBy }) => [file, runBy.split(" ")[0]])).toEqual([
      ["model.onnx", "onnxruntime-web"],
      ["model.pt", "reat"],
      ["model.safetensors", "reat"],
    ]);
    using again = await loadClassifier(out);
    expect(examples(again)).toEqual(examples(subject));
    // Measured as weights, the file brings its normalisation and correction along.
    const data = join(tiny.folder, "three.reatpack");
    const drawn = generateSynthetic({ trainPerClass: 2, testPerClass: 2 });
    const [train, test] = [drawn.train, drawn.test].map((split) =>
      selectImages(split, [0, 1, 2, 10, 11, 12]),
    );
    const three = { train: train!, test: test!, classNames: ["ant", "bee", "cat"] };
    writePacked(data, createDataset({ ...drawn, ...three }));
    const file = join(out, "model.pt");
    const open = (more: Partial<ForeignOptions>) =>
      openForeignModel(file, { architecture: "small-resnet", overrides: [`data.source=${data}`], ...more });
    using foreign = await open({});
    expect(foreign.weights.notes.slice(-2)).toEqual([
      "Images are normalised as the file says.",
      "Logits are corrected as the file says, by the rule of robal.",
    ]);
    expect(foreign.data.classCounts).toEqual([40, 30, 20]);
    expect(
      examples({ model: foreign.model, classNames: ["", "", ""], imageSize: { height: 16, width: 16 } }),
    ).toEqual(examples(subject));
    const refused = [
      [{ architecture: "smallcnn" }, "says that its network is small-resnet; smallcnn was asked for."],
      [
        { normalisation: { mean: [0, 0, 0], deviation: [1, 1, 1] } },
        "says that its normalisation is mean 0.5, 0.4",
      ],
      [
        { overrides: ["model.classifier=linear"] },
        "says that its classifier is cosine; linear was asked for.",
      ],
    ] as const;
    for (const [more, message] of refused) await expect(open(more)).rejects.toThrow(message);
  });
});

describe("an export", () => {
  it("says how far it agrees, and holds what it should", () => {
    const { comparisons } = JSON.parse(readFileSync(join(exported, "parity.json"), "utf8"));
    expect(comparisons).toHaveLength(4);
    for (const { images, largestDifference, tolerance, sameClass, agreeing } of comparisons) {
      expect({ images, alike: sameClass ?? agreeing }).toEqual({ images: 64, alike: 64 });
      expect(largestDifference).toBeLessThanOrEqual(tolerance);
    }
    const { metadata, tensors } = decodeSafetensors(readFileSync(join(exported, "model.safetensors")), "it");
    expect(metadata.format).toBe("pt");
    expect(parseDescription(metadata.reat!, "it").classNames).toHaveLength(10);
    expect(tensors.has("fc2.weight")).toBe(true);
    const { id2label, onnx } = JSON.parse(readFileSync(join(exported, "config.json"), "utf8"));
    expect(Object.keys(id2label)).toHaveLength(10);
    expect(onnx).toEqual({ opset: 17, ir_version: 8 });
  });

  it("has a card with front matter, what was measured, and what was not", () => {
    const card = readFileSync(join(exported, "README.md"), "utf8");
    const front = parseDocument(card.split("---\n")[1]!).toJS();
    expect(front).toMatchObject({ pipeline_tag: "image-classification", library_name: "reat" });
    const [{ name, results }] = front["model-index"];
    expect(name).toBe("birds");
    expect(results[0].task.type).toBe("image-classification");
    expect(results[0].dataset.name).toBeTypeOf("string");
    for (const metric of results[0].metrics) {
      expect(metric).toMatchObject({ type: "accuracy", value: expect.any(Number), name: expect.any(String) });
    }
    expect(card).toContain("Not measured: PGD-20.");
    expect(card).toContain("Not measured: AutoAttack.");
    expect(card).toContain("1 steps of 2/255 within 8/255");
    const { data } = parseDocument(card.split("```yaml\n")[1]!.split("```")[0]!).toJS();
    const { source } = parseDocument(readFileSync(join(run, "config.yaml"), "utf8")).toJS().data;
    expect({ source: data.source, isAbsolute: isAbsolute(source) }).toEqual({
      source: basename(source),
      isAbsolute: true,
    });
    const record = JSON.parse(readFileSync(join(exported, "model_info.json"), "utf8"));
    expect(record).toMatchObject({ architecture: "smallcnn", autoattack_acc: null, additional_data: false });
  });
});

it("large logits that differ by more than 1e-4 are exported only where a tolerance is asked for, and it is said", async () => {
  using subject = untrained();
  scope(() =>
    noGrad(() => {
      for (const [name, weights] of subject.network.stateDict()) {
        if (name.startsWith("fc")) weights.copy_(weights.mul(1e4));
      }
    }),
  );
  const source = join(tiny.folder, "large.safetensors");
  writeFileSync(source, Buffer.concat(safetensorsFile(subject)));
  const out = join(tiny.folder, "large");
  const largest = Math.max(...referenceOf(subject).logits.map(Math.abs));
  const sentence = new RegExp(
    `its logits, the largest of which is ${largest.toPrecision(3).replace("+", "\\+")}, differ by \\S+, and 0\\.0001 is accepted \\(--tolerance\\); it was not exported\\.$`,
  );
  await expect(exportClassifier(source, { to: ["onnx"], out })).rejects.toThrow(sentence);
  expect(readdirSync(out)).toEqual([]);
  const { parity, agreement } = await exportClassifier(source, { to: ["onnx"], out, tolerance: 0.5 });
  expect(parity).toMatchObject([{ tolerance: 0.5, sameClass: 64 }]);
  expect(agreement[0]).toContain("(0.5 was allowed)");
  expect(readFileSync(join(out, "README.md"), "utf8")).toContain("(0.5 was allowed)");
});

describe("what cannot be used is refused in a sentence", () => {
  it("files that do not answer as the run does, or cannot be compared, and they are not left behind", async () => {
    const classNames = ["ant", "bee", "cat"];
    using subject = untrained({ classNames });
    using other = untrained({
      classNames,
      normalisation: { mean: [0.5, 0.5, 0.5], deviation: [0.5, 0.5, 0.5] },
    });
    const { model, gradient } = onnxFiles(other, { withGradient: true });
    const reference = referenceOf(subject);
    await expect(onnxParity("model.onnx", model, reference)).rejects.toThrow(
      /^model\.onnx, run by onnxruntime-web \S+, does not agree with the run: its logits, the largest of which is \S+, differ by \S+, and 0\.0001 is accepted \(--tolerance\); it was not exported\.$/,
    );
    await expect(gradientParity("model-gradient.onnx", gradient!, subject, reference)).rejects.toThrow(
      /its gradients agree within 0\.0001 for 0 of 64 images and differ by \S+ at most; 16 and 0\.25 are accepted; it was/,
    );
    const out = join(tiny.folder, "no-python");
    await expect(exportClassifier(run, { to: ["pytorch"], out, python: "no-such-python" })).rejects.toThrow(
      /^no-such-python \(REAT_PYTHON\) did not run the exported module: /,
    );
    expect(readdirSync(out)).toEqual([]);
    for (const tolerance of [0, Number.NaN]) {
      const asked = exportClassifier(run, { to: ["onnx"], out, tolerance });
      await expect(asked).rejects.toThrow(
        `A tolerance of ${tolerance} was asked for; accepted is a number above 0.`,
      );
    }
    await expect(exportClassifier(run, { to: ["onnx"], out, tolerance: 1, parity: false })).rejects.toThrow(
      "A tolerance is for the comparison with the run, which was left out.",
    );
  });

  it("a Python that answers otherwise, and the earlier export stays as it was", async () => {
    const out = join(tiny.folder, "earlier");
    await exportClassifier(run, { to: ["pytorch"], out });
    const python = join(tiny.folder, "false-python");
    const answer = JSON.stringify({ version: "0", logits: new Array<number>(640).fill(0) });
    writeFileSync(python, `#!/bin/sh\necho '${answer}'\n`, { mode: 0o755 });
    const before = readFileSync(join(out, "model.pt"));
    await expect(exportClassifier(run, { to: ["pytorch"], out, python })).rejects.toThrow(
      /^model\.pt, run by PyTorch 0 in Python, does not agree with the run: /,
    );
    expect(readFileSync(join(out, "model.pt")).equals(before)).toBe(true);
  });

  it("an inference rule that a file of weights cannot hold; the other forms take it", async () => {
    const robal = methods.robal as { inference?: unknown };
    const own = robal.inference;
    robal.inference = () => (logits: Tensor) => logits.relu();
    try {
      using subject = untrained({ method: methodOptions.parse({ name: "robal" }) });
      expect(subject.description.correction).toBe("another formula");
      expect(() => safetensorsFile(subject)).toThrow(
        "A file of weights cannot hold the rule by which robal corrects its logits, since it is not scale·z + offset; --to onnx and --to pytorch take it.",
      );
      const source = join(tiny.folder, "bent.pt");
      writeFileSync(source, torchFile(subject));
      const out = join(tiny.folder, "bent");
      const { parity } = await exportClassifier(source, { to: ["onnx", "pytorch"], out });
      expect(parity.map((found) => found.of === "logits" && found.sameClass)).toEqual([64, 64]);
      expect(readFileSync(join(out, "README.md"), "utf8")).toContain(
        "The method's inference rule is part of the network.",
      );
    } finally {
      robal.inference = own;
    }
  });

  it("weights of another run's classes", async () => {
    const mixed = join(tiny.folder, "mixed");
    cpSync(run, mixed, { recursive: true });
    const file = join(mixed, "environment.json");
    const environment = JSON.parse(readFileSync(file, "utf8"));
    environment.data.classNames[0] = "somebody else";
    writeFileSync(file, JSON.stringify(environment));
    await expect(loadClassifier(mixed)).rejects.toThrow(
      /was trained on the classes .*, and the run names somebody else, .*: they are not of one run\.$/,
    );
    environment.data.classNames = ["a", "b"];
    environment.data.trainCounts = [4, 4];
    writeFileSync(file, JSON.stringify(environment));
    await expect(loadClassifier(mixed)).rejects.toThrow(
      /is of a smallcnn with 10 classes, and the run names 2 \(a, b\): they are not of one run\.$/,
    );
  });

  it("weights that do not say what they are, and nothing at all", async () => {
    const bare = join(tiny.folder, "bare.safetensors");
    copyFileSync(join(run, "checkpoints", "last.safetensors"), bare);
    await expect(loadClassifier(bare)).rejects.toThrow(
      /bare\.safetensors does not say what it is: accepted are/,
    );
    await expect(loadClassifier(join(tiny.folder, "nowhere"))).rejects.toThrow(
      "There is no run or checkpoint",
    );
  });

  it("a description that was changed", () => {
    expect(() => parseDescription("{", "x")).toThrow("The description in x is not JSON.");
    const text = readFileSync(join(exported, "config.json"), "utf8");
    const { reat } = JSON.parse(text);
    expect(() => parseDescription(JSON.stringify({ ...reat, architecture: "vgg" }), "x")).toThrow(
      /^The description in x is not one that reat wrote: architecture: /,
    );
    expect(() => parseDescription(JSON.stringify({ ...reat, classCounts: [1] }), "x")).toThrow(
      "The description in x names 10 classes and has 1 class counts.",
    );
  });

  it("a folder of somebody else's model, a form that is none, a gradient without ONNX, an export without a place", async () => {
    const theirs = join(tiny.folder, "theirs");
    mkdirSync(theirs);
    writeFileSync(join(theirs, "config.json"), '{"model_type": "vit"}');
    const wrong = (place: string, options: Parameters<typeof exportClassifier>[1]) =>
      expect(exportClassifier(place, options)).rejects;
    await wrong(run, { to: ["safetensors"], out: theirs }).toThrow(
      /holds a config\.json that reat did not write/,
    );
    expect(existsSync(join(theirs, "model.safetensors"))).toBe(false);
    await wrong(run, { to: [] }).toThrow("accepted are onnx, pytorch, safetensors");
    await wrong(run, { to: ["pytorch"], withGradient: true }).toThrow(
      "is exported for onnx, which --to does not name",
    );
    await wrong(join(exported, "model.pt"), { to: ["onnx"] }).toThrow("--out names the folder to export to");
  });
});
