// Networks by name: shapes, determinism, independence of samples, memory, errors.
import { describe, expect, it } from "vitest";
import {
  Bottleneck,
  buildModel,
  classifierHead,
  type ModelName,
  modelNames,
  ResNet,
  resnet18,
  WideResNet,
} from "../../src/nn/index.js";
import { SGD } from "../../src/optim/index.js";
import {
  crossEntropy,
  Generator,
  grad,
  liveTensors,
  noGrad,
  rand,
  scope,
  type Tensor,
  tensor,
} from "../../src/tensor/index.js";

const build = (name: ModelName, seed = 1, classes = 7) =>
  buildModel(name, { classes, generator: new Generator(seed) });
// What the large ones are made of is tested on their small kin.
const large: readonly ModelName[] = [
  "resnet34",
  "resnet50",
  "wrn28_10",
  "wrn34_10",
  "resnet18-imagenet",
  "resnet50-imagenet",
  "convnext-tiny",
  "vit-s16",
];
const images = (count: number) => rand([count, 3, 32, 32], new Generator(5));

describe.each(modelNames.filter((name) => !large.includes(name)))("%s", (name) => {
  it("turns images into features and features into logits", () => {
    const model = build(name);
    expect(model.architecture).toBe(name);
    expect(model.classes).toBe(7);
    scope(() => {
      const batch = images(2);
      model.setMode("eval");
      const features = model.features(batch);
      expect(features.shape).toEqual([2, model.featureSize]);
      const logits = model.classify(features);
      expect(logits.shape).toEqual([2, 7]);
      expect(model.logits(batch).toArray()).toEqual(logits.toArray());
    });
    model.dispose();
  });

  it("has the same weights for the same seed and others for another", () => {
    const sums = [1, 1, 2].map((seed) => {
      const model = build(name, seed);
      const sum = scope(() => model.parameters().map((tensor) => tensor.sum().item()));
      model.dispose();
      return sum;
    });
    expect(sums[1]).toEqual(sums[0]);
    expect(sums[2]).not.toEqual(sums[0]);
  });

  it("judges an image in eval mode without regard to the rest of the batch", () => {
    const model = build(name);
    model.setMode("eval");
    scope(() => {
      const batch = images(3);
      const together = model.logits(batch).slice(0, 1, 2).toArray();
      const alone = model.logits(batch.slice(0, 1, 2)).toArray();
      for (const [i, value] of alone.entries()) expect(together[i]).toBeCloseTo(value, 4);
    });
    model.dispose();
  });

  it("gives gradients to images and to every parameter, and the batch's own memory back", () => {
    const model = build(name);
    const optimiser = new SGD(model.namedParameters(), { learningRate: 0.01, momentum: 0.9 });
    const step = () =>
      scope(() => {
        const batch = images(2).requiresGrad_();
        const loss = crossEntropy(model.logits(batch), tensor([3, 0], { dtype: "int64" }));
        const [byImages, ...gradients] = grad(loss, [batch, ...model.parameters()]) as [Tensor, ...Tensor[]];
        expect(byImages.shape).toEqual([2, 3, 32, 32]);
        expect(byImages.abs().sum().item()).toBeGreaterThan(0);
        optimiser.step(gradients);
        return loss.item();
      });
    const first = step();
    const before = liveTensors();
    let last = first;
    for (let i = 0; i < 3; i++) last = step();
    expect(liveTensors()).toBe(before);
    expect(last).toBeLessThan(first);
    model.dispose();
  });

  it("leaves nothing but its features where nothing is recorded", () => {
    const model = build(name);
    const before = liveTensors();
    const features = noGrad(() => model.features(images(1)));
    expect(features.requiresGrad).toBe(false);
    // Only the images and the features are left, before any enclosing scope ends.
    expect(liveTensors()).toBe(before + 2);
    model.dispose();
  });
});

it("smallcnn refuses images of another size in one sentence", () => {
  const model = build("smallcnn");
  const images = rand([1, 3, 64, 64], new Generator(5));
  expect(() => model.logits(images)).toThrow(
    "The network smallcnn takes images of 32×32 pixels, got 64×64; scale them (data.resize 32) or choose another architecture.",
  );
  model.dispose();
});

it("refuses an unknown architecture and an impossible number of classes in one sentence", () => {
  expect(() => build("resnet19" as ModelName)).toThrow(
    `There is no architecture "resnet19": choose one of ${modelNames.join(", ")}.`,
  );
  expect(() => build("smallcnn", 1, 1)).toThrow("A network needs 2 or more classes, got 1.");
  expect(() => build("smallcnn", 1, 2.5)).toThrow("got 2.5");
  const options = { classes: 3, generator: new Generator(1), classifier: "cosin" as "cosine" };
  expect(() => buildModel("smallcnn", options)).toThrow(
    'There is no classifier "cosin": choose one of linear, cosine, cosine:<γ> such as cosine:1/16, normalised.',
  );
});

it.each([
  ["resnet18", 11_173_962, 512],
  ["resnet34", 21_282_122, 512],
  ["resnet50", 23_520_842, 2048],
  ["preact-resnet18", 11_172_170, 512],
  ["wrn28_10", 36_479_194, 640],
  ["wrn34_10", 46_160_474, 640],
] as const)("%s for 10 classes has as many parameters as published", (name, parameters, featureSize) => {
  const model = build(name, 1, 10);
  expect(model.parameters().reduce((sum, { size }) => sum + size, 0)).toBe(parameters);
  expect(model.featureSize).toBe(featureSize);
  model.dispose();
});

describe.each(modelNames)("%s", (name) => {
  it("takes images of its sizes, and has as many logits as there are classes", () => {
    const imageSize = { height: 64, width: 64 };
    const model = buildModel(name, { classes: 200, generator: new Generator(1), imageSize });
    model.setMode("eval");
    // Their small kin, below, is tested at 64 pixels; a vision transformer takes the size it was built for.
    const sides = name === "vit-s16" ? [64] : name.startsWith("wrn") || name === "smallcnn" ? [32] : [32, 64];
    for (const side of sides) {
      const shape = noGrad(() => scope(() => model.logits(rand([1, 3, side, side], new Generator(5))).shape));
      expect(shape).toEqual([1, 200]);
    }
    model.dispose();
  });
});

describe.each([
  [
    "WideResNet",
    () => new WideResNet({ architecture: "wrn10_1", depth: 10, widen: 1 }, 200, new Generator(1)),
  ],
  [
    "ResNet of bottlenecks",
    () => {
      const stages = [1, 2].map((stride) => ({ width: 4, blocks: 2, stride }));
      const description = { ...resnet18, block: Bottleneck, stemWidth: 8, stages };
      return new ResNet(description, 200, new Generator(1));
    },
  ],
])("a small %s", (_, make) => {
  it.each([32, 64])("takes images of %i pixels, and gives each parameter a gradient", (side) => {
    const model = make();
    scope(() => {
      const batch = rand([2, 3, side, side], new Generator(5));
      const logits = model.logits(batch);
      expect(logits.shape).toEqual([2, 200]);
      const gradients = grad(crossEntropy(logits, tensor([3, 199], { dtype: "int64" })), model.parameters());
      expect(gradients.every((gradient) => gradient.isFinite().all().item())).toBe(true);
    });
    model.dispose();
  });

  it("leaves no tensors behind, and takes its own state back", () => {
    const model = make();
    const images = rand([2, 3, 32, 32], new Generator(5));
    const labels = tensor([3, 0], { dtype: "int64" });
    const step = () => scope(() => void grad(crossEntropy(model.logits(images), labels), model.parameters()));
    step();
    const before = liveTensors();
    step();
    expect(liveTensors()).toBe(before);
    const other = make();
    other.loadStateDict(model.stateDict());
    for (const network of [model, other]) network.setMode("eval");
    expect(other.logits(images).toArray()).toEqual(model.logits(images).toArray());
  });
});

describe("classifiers", () => {
  it.each(["cosine", "normalised"] as const)(
    "%s: logits are bounded, and blind to the features' length",
    (kind) => {
      const head = classifierHead(kind, 6, 4, new Generator(2));
      expect(head.namedParameters().size).toBe(1);
      scope(() => {
        const features = rand([5, 6], new Generator(3)).sub(0.5);
        const logits = head.forward(features);
        const bound = kind === "cosine" ? 1 : 16;
        expect(logits.abs().amax().item()).toBeLessThan(bound * (1 + 1e-6));
        const scaled = head.forward(features.mul(7)).toArray();
        for (const [i, value] of logits.toArray().entries()) expect(scaled[i]).toBeCloseTo(value, 4);
        const [row, weight] = [features.toArray(), head.namedParameters().get("weight")!.toArray()];
        const dot = (a: readonly number[], b: readonly number[]) =>
          a.reduce((sum, x, i) => sum + x * b[i]!, 0);
        const [f, w] = [row.slice(0, 6), weight.slice(0, 6)];
        const gamma = kind === "cosine" ? 1 / 32 : 0;
        const expected = (bound * dot(f, w)) / (Math.sqrt(dot(f, f)) * (Math.sqrt(dot(w, w)) + gamma));
        expect(logits.toArray()[0]).toBeCloseTo(expected, 5);
      });
    },
  );

  it("can end every kind of network", () => {
    for (const name of ["small-resnet", "smallcnn", "preact-resnet18"] as const) {
      const model = buildModel(name, { classes: 3, generator: new Generator(1), classifier: "cosine" });
      expect(model.classifier).toBe("cosine");
      scope(() => expect(model.logits(images(2)).abs().amax().item()).toBeLessThan(1));
      model.dispose();
    }
  });
});
