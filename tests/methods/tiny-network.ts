// A network of three classes that learns the embedded shapes within seconds.
import {
  BatchNorm,
  type ClassifierName,
  Conv2d,
  classifierHead,
  ImageClassifier,
} from "../../src/nn/index.js";
import type { Generator, Tensor } from "../../src/tensor/index.js";

/** Two convolutions with norms; each halves the map. */
export class TinyNetwork extends ImageClassifier {
  override readonly architecture = "tiny";
  override readonly classes = 3;
  override readonly featureSize = 32;
  readonly #first;
  readonly #norm = this.child("norm1", new BatchNorm(16));
  readonly #second;
  readonly #norm2 = this.child("norm2", new BatchNorm(32));
  readonly #head;

  constructor(
    generator: Generator,
    override readonly classifier: ClassifierName,
  ) {
    super();
    this.#first = this.child("conv1", new Conv2d(3, 16, generator, { kernel: 5, stride: 2 }));
    this.#second = this.child("conv2", new Conv2d(16, 32, generator, { kernel: 5, stride: 2 }));
    this.#head = this.child("head", classifierHead(classifier, 32, 3, generator));
  }

  override features(images: Tensor): Tensor {
    const maps = this.#norm.forward(this.#first.forward(images)).relu();
    return this.#norm2.forward(this.#second.forward(maps)).relu().mean([2, 3]);
  }

  override classify(features: Tensor): Tensor {
    return this.#head.forward(features);
  }
}
