// What single methods do besides their loss: warnings, stages, inference rules, re-weightings, deferred losses.
import { describe, expect, it } from "vitest";
import {
  createMethod,
  inferenceModel,
  type Method,
  methodOptions,
  reweightings,
  robalVariants,
} from "../../src/methods/index.js";
import { buildModel } from "../../src/nn/index.js";
import { equal, Generator, rand, scope, type Tensor } from "../../src/tensor/index.js";
import { batchOf, classCounts, TinyModel } from "./models.js";

const setup = { classCounts, device: "cpu" } as const;
const create = (options: object): Method => createMethod(methodOptions.parse(options), setup);
const warnings = (options: object) => create(options).warnings.map(({ name }) => name);

describe("a balanced loss beside a divergence", () => {
  it.each(["trades", "mart"])("%s warns, naming the paper's appendix D", (name) => {
    expect(warnings({ name })).toEqual([]);
    for (const loss of ["bsl", "logit-adjustment"]) {
      const [warning] = create({ name, loss }).warnings;
      expect(warning?.name).toBe("loss-contradicts-divergence");
      expect(warning?.message).toMatch(/not to converge.*appendix D/);
      expect(warning?.message).toContain(name);
    }
  });
});

describe("re-weightings of the examples", () => {
  const attack = { epsilon: "16/255", stepSize: "4/255", steps: 5 };

  function examples(options: object): Tensor {
    const model = new TinyModel(1);
    const method = create({ name: "pgd-at", ...options });
    method.beginEpoch(1);
    method.step(batchOf(2), { model, generator: new Generator(3) });
    return model.trainedOn as Tensor;
  }
  const plain = examples({ attack });

  it.each(["rw", "rws", "enr", "rbl"])(
    "%s: those of cross entropy with running statistics, with a warning",
    (name) => {
      expect(equal(examples({ attack, reweighting: name }), plain)).toBe(true);
      const expected = name === "rbl" ? "rbl-weight-cannot-act" : "reweighting-cannot-act";
      expect(warnings({ name: "pgd-at", reweighting: name })).toEqual([expected]);
    },
  );

  it.each(["rw", "rws", "enr", "rbl"])(
    "%s: others with the batch's statistics, without a warning",
    (name) => {
      const coupled = { ...attack, batchNorm: "batch" };
      const moved = examples({ attack: coupled, reweighting: name });
      expect(equal(moved, examples({ attack: coupled }))).toBe(false);
      expect(warnings({ name: "pgd-at", reweighting: name, attack: coupled })).toEqual([]);
    },
  );

  it("brw: others in any case, those of balanced softmax as the objective", () => {
    const brw = examples({ attack, reweighting: "brw" });
    expect(equal(brw, plain)).toBe(false);
    expect(equal(brw, examples({ attack: { ...attack, objective: "bsl" } }))).toBe(true);
    expect(warnings({ name: "pgd-at", reweighting: "brw" })).toEqual([]);
  });

  it("act in REAT as well", () => {
    expect(reweightings).toEqual(["none", "rw", "rws", "enr", "brw", "rbl"]);
    for (const reweighting of reweightings) {
      const method = create({ name: "reat", reweighting });
      expect(Object.keys(method.beginEpoch(1)).includes("rblWeights")).toBe(reweighting === "rbl");
      const context = { model: new TinyModel(1), generator: new Generator(3) };
      expect(Number.isFinite(method.step(batchOf(2), context).loss.item())).toBe(true);
    }
  });
});

describe("TAET", () => {
  it("trains on clean images for its first epochs, and on adversarial ones from then on", () => {
    const method = create({ name: "taet", cleanEpochs: 2 });
    const model = new TinyModel(1);
    const stages = [1, 2, 3].map((epoch) => {
      const record = method.beginEpoch(epoch);
      const { adversarialLogits } = method.step(batchOf(2), { model, generator: new Generator(3) });
      const isClean = equal(model.trainedOn as Tensor, batchOf(2).images);
      expect(adversarialLogits === null).toBe(isClean);
      return [record.stage, isClean];
    });
    expect(stages).toEqual([
      ["clean", true],
      ["clean", true],
      ["adversarial", false],
    ]);
  });
});

describe("RoBal", () => {
  it("needs a cosine classifier", () => {
    const method = create({ name: "robal", attack: { steps: 1 } });
    const step = (classifier: "linear" | "cosine") => {
      const generator = new Generator(1);
      const model = buildModel("small-resnet", { classes: 4, generator, classifier });
      return scope(() => method.step(batchOf(2), { model, generator }).loss.item());
    };
    expect(() => step("linear")).toThrow("Method robal needs model.classifier cosine, got linear.");
    expect(step("cosine")).toBeGreaterThan(0);
  });

  it("has its released variants", () => {
    for (const variant of Object.values(robalVariants)) {
      expect(methodOptions.parse({ name: "robal", ...variant })).toMatchObject(variant);
    }
  });

  it("classifies by scaled cosines less the prior, and other methods by the logits", () => {
    const model = buildModel("small-resnet", {
      classes: 4,
      generator: new Generator(1),
      classifier: "cosine",
    });
    const options = methodOptions.parse({ name: "robal", tauInference: 0.5 });
    const corrected = inferenceModel(options, setup, model);
    expect(inferenceModel(methodOptions.parse({ name: "pgd-at" }), setup, model)).toBe(model);
    expect([corrected.architecture, corrected.classes, corrected.parameters().length]).toEqual([
      "small-resnet",
      4,
      model.parameters().length,
    ]);
    corrected.setMode("eval");
    expect(model.mode).toBe("eval");
    const images = rand([2, 3, 32, 32], new Generator(2));
    const total = classCounts.reduce((sum, count) => sum + count, 0);
    const logits = model.logits(images).toArray();
    for (const [i, value] of corrected.logits(images).toArray().entries()) {
      expect(value).toBeCloseTo(10 * logits[i]! - 0.5 * Math.log(classCounts[i % 4]! / total), 4);
    }
  });
});

it("LDAM's deferred weights begin with their epoch in a method too", () => {
  const loss = (epoch: number, reweightFrom: number | null) => {
    const method = create({ name: "pgd-at", loss: { name: "ldam", reweightFrom }, attack: { epsilon: 0 } });
    method.beginEpoch(epoch);
    return method.step(batchOf(2), { model: new TinyModel(1), generator: new Generator(3) }).loss.item();
  };
  expect(loss(1, 2)).toBe(loss(1, null));
  expect(loss(2, 2)).not.toBe(loss(2, null));
});
