// Networks by name: shapes, determinism, independence of samples, memory, errors.
import { describe, expect, it } from "vitest";
import { buildModel, type ModelName, modelNames } from "../../src/nn/index.js";
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
const images = (count: number) => rand([count, 3, 32, 32], new Generator(5));

describe.each(modelNames)("%s", (name) => {
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

it("refuses an unknown architecture and an impossible number of classes in one sentence", () => {
  expect(() => build("resnet19" as ModelName)).toThrow(
    'There is no architecture "resnet19": choose one of resnet18, small-resnet, smallcnn.',
  );
  expect(() => build("smallcnn", 1, 1)).toThrow("A network needs 2 or more classes, got 1.");
  expect(() => build("smallcnn", 1, 2.5)).toThrow("got 2.5");
});
