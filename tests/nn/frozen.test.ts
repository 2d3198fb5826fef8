// Mode "frozen" gives what mode "eval" gives, sooner.
import { afterEach, describe, expect, it } from "vitest";
import {
  BatchNorm,
  Bottleneck,
  buildModel,
  Conv2d,
  type ImageClassifier,
  type ModelName,
  ResNet,
  resnet18,
  Sequential,
  setLevers,
  WideResNet,
} from "../../src/nn/index.js";
import {
  Generator,
  grad,
  liveTensors,
  noGrad,
  rand,
  randn,
  scope,
  type Tensor,
} from "../../src/tensor/index.js";

let restore: () => void = () => {};
afterEach(() => restore());

/** In double precision, with norms that do something: statistics and weights away from where they start. */
function stirred<M extends ImageClassifier | Sequential>(model: M): M {
  const generator = new Generator(6);
  model.to("float64");
  noGrad(() =>
    scope(() => {
      for (const [name, tensor] of model.stateDict()) {
        if (tensor.shape.length !== 1) continue;
        const spread = name.endsWith("running_mean") || name.endsWith("bias");
        const values = spread
          ? randn(tensor.shape, generator).mul(0.2)
          : rand(tensor.shape, generator).add(0.5);
        tensor.copy_(values);
      }
    }),
  );
  return model;
}

const batch = (count: number) => rand([count, 3, 32, 32], new Generator(7)).to("float64");

function logitsAndGradient(model: ImageClassifier, images: Tensor): [Tensor, Tensor] {
  const point = images.detach().requiresGrad_();
  const logits = model.logits(point);
  const [gradient] = grad(logits.mul(logits).sum(), [point]) as [Tensor];
  return [logits.detach(), gradient];
}

/** Largest difference over the largest value. */
const apart = (a: Tensor, b: Tensor) => a.sub(b).abs().amax().item() / b.abs().amax().item();

const stages = [
  { width: 8, blocks: 2, stride: 1 },
  { width: 16, blocks: 1, stride: 2 },
];
const networks: Record<string, (generator: Generator) => ImageClassifier> = {
  ...Object.fromEntries(
    (["resnet18", "preact-resnet18", "small-resnet", "smallcnn"] satisfies ModelName[]).map((name) => [
      name,
      (generator: Generator) => buildModel(name, { classes: 7, generator }),
    ]),
  ),
  bottleneck: (generator) =>
    new ResNet(
      { ...resnet18, architecture: "bottleneck", block: Bottleneck, stemWidth: 8, stages },
      7,
      generator,
    ),
  wide: (generator) => new WideResNet({ architecture: "wide", depth: 10, widen: 1 }, 7, generator),
};

describe.each(Object.entries(networks))("mode frozen of %s", (_, build) => {
  it("computes the logits and image gradients of mode eval", () =>
    scope(() => {
      const model = stirred(build(new Generator(5)));
      const images = batch(2);
      const plain = model.withMode("eval", () => logitsAndGradient(model, images));
      const frozen = model.withMode("frozen", () => logitsAndGradient(model, images));
      expect(apart(frozen[0], plain[0])).toBeLessThan(1e-12);
      expect(apart(frozen[1], plain[1])).toBeLessThan(1e-12);
      model.dispose();
    }));

  it("is the plain path bit for bit with the lever off", () =>
    scope(() => {
      const model = stirred(build(new Generator(5)));
      const images = batch(2);
      const plain = model.withMode("eval", () => logitsAndGradient(model, images));
      restore = setLevers({ foldBatchNorm: false });
      const frozen = model.withMode("frozen", () => logitsAndGradient(model, images));
      expect(frozen.map((tensor) => tensor.toArray())).toEqual(plain.map((tensor) => tensor.toArray()));
      model.dispose();
    }));
});

describe("mode frozen", () => {
  const pair = () => {
    const conv = new Conv2d(3, 4, new Generator(1), { bias: true });
    return stirred(new Sequential(conv, new BatchNorm(4)));
  };

  it("takes the bias of a convolution into the norm", () =>
    scope(() => {
      const layers = pair();
      const images = batch(2);
      const plain = layers.withMode("eval", () => layers.forward(images));
      const frozen = layers.withMode("frozen", () => layers.forward(images));
      expect(apart(frozen, plain)).toBeLessThan(1e-13);
      layers.dispose();
    }));

  it("sees weights that were changed between two uses, and keeps no tensor when it ends", () =>
    scope(() => {
      const layers = pair();
      const images = batch(2);
      const run = () => scope(() => layers.withMode("frozen", () => layers.forward(images).sum().item()));
      const live = liveTensors();
      const before = run();
      expect(liveTensors()).toBe(live);
      noGrad(() => layers.parameters()[0]!.mul_(2));
      expect(run()).not.toBe(before);
      const plain = layers.withMode("eval", () => layers.forward(images).sum().item());
      expect(run()).toBeCloseTo(plain, 8);
      layers.dispose();
    }));

  it("moves no running statistics", () =>
    scope(() => {
      const layers = pair();
      const before = [...layers.namedBuffers().values()].map((tensor) => tensor.toArray());
      layers.withMode("frozen", () => layers.forward(batch(2)));
      expect([...layers.namedBuffers().values()].map((tensor) => tensor.toArray())).toEqual(before);
      layers.dispose();
    }));
});
