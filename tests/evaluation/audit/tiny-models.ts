// Tiny models for the audit's tests, trained within seconds: the same numbers each time.
import { type Attack, crossEntropyObjective, pgd } from "../../../src/attacks/index.js";
import { Conv2d, CosineLinear, ImageClassifier, type Layer, Linear } from "../../../src/nn/index.js";
import { SGD } from "../../../src/optim/index.js";
import {
  arange,
  Generator,
  grad,
  keep,
  noGrad,
  rand,
  randint,
  randn,
  scope,
  setThreads,
  type Tensor,
} from "../../../src/tensor/index.js";

// On tensors this small a second thread only costs.
setThreads(1);

export const epsilon = 0.1;
export const stepSize = 0.025;
const side = 6;

/** Images [count, 3, 6, 6] of `classes` patterns under noise. */
export function patterns(count: number, classes: number, seed: number) {
  const [images, labels] = scope(() => {
    const fixed = new Generator(5);
    const own = rand([classes, 3, side, side], fixed).sub(0.5).sign().mul(0.2);
    // Classes 2i and 2i + 1 have most of their pattern in common: each image has one class that is closest to its own.
    const pair = own.indexSelect(0, arange(0, classes).floorDivide(2).mul(2));
    const common = rand([1, 3, side, side], fixed).lt(0.6);
    const prototypes = pair.where(common, own);
    const generator = new Generator(seed);
    const labels = randint(0, classes, [count], generator);
    const noise = randn([count, 3, side, side], generator).mul(0.2);
    return [keep(prototypes.indexSelect(0, labels).add(noise).add(0.5).clamp(0, 1)), keep(labels)] as const;
  });
  return { images, labels };
}

/** Two convolutions, and a last layer of the kind that is asked for. */
export class TinyClassifier extends ImageClassifier {
  override readonly architecture = "tiny";
  override readonly featureSize = 64;
  readonly #first: Conv2d;
  readonly #second: Conv2d;
  readonly #hidden: Linear;
  readonly #head: Layer;

  /** @param scale of a cosine classifier; null for a linear one */
  constructor(
    override readonly classes: number,
    scale: number | null,
  ) {
    super();
    const generator = new Generator(1);
    this.#first = this.child("first", new Conv2d(3, 16, generator, { bias: true }));
    this.#second = this.child("second", new Conv2d(16, 16, generator, { bias: true }));
    this.#hidden = this.child("hidden", new Linear(16 * side * side, this.featureSize, generator));
    this.#head = this.child(
      "head",
      scale === null
        ? new Linear(this.featureSize, classes, generator)
        : new CosineLinear(this.featureSize, classes, generator, { scale, gamma: 0 }),
    );
  }

  override features(images: Tensor): Tensor {
    const maps = this.#second.forward(this.#first.forward(images).relu()).relu();
    // Without an activation: features that are all zero have no direction.
    return this.#hidden.forward(maps.flatten(1));
  }

  override classify(features: Tensor): Tensor {
    return this.#head.forward(features);
  }
}

/** PGD adversarial training on the cross entropy, the attack's and the weights' objective alike. */
export function trainAdversarially(
  model: ImageClassifier,
  { steps, learningRate, attack }: { steps: number; learningRate: number; attack: Attack | null },
): void {
  const { images, labels } = patterns(1024, model.classes, 2);
  const generator = new Generator(3);
  const optimizer = new SGD(model.namedParameters(), { learningRate, momentum: 0.9, weightDecay: 5e-4 });
  for (let step = 0; step < steps; step++) {
    if (step === Math.floor(0.75 * steps)) optimizer.learningRate = learningRate / 10;
    scope(() => {
      const from = (step * 64) % 1024;
      const [x, y] = [images.slice(0, from, from + 64), labels.slice(0, from, from + 64)];
      const shown = attack ? attack.perturb(model, x, y, generator) : x;
      const loss = crossEntropyObjective(model.logits(shown), y).mean();
      const gradients = grad(loss, model.parameters());
      noGrad(() => optimizer.step(gradients));
    });
  }
  optimizer.dispose();
  images.dispose();
  labels.dispose();
}

/** The attack of the training. */
export const trainingAttack = pgd({ norm: "linf", epsilon, stepSize: 0.04, steps: 5, clampStart: true });

/** Fresh images as one batch. */
export function testBatches(count: number, classes: number) {
  const { images, labels } = patterns(count, classes, 4);
  return {
    count: 1,
    batch: () => ({ images: images.clone(), labels: labels.clone() }),
    dispose: () => {
      images.dispose();
      labels.dispose();
    },
  };
}
