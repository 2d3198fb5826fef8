// The small network of the files of methods: two convolutions with norms, mean over the map, one linear layer.
import { BatchNorm, Conv2d, ImageClassifier, Linear } from "../../src/nn/index.js";
import { Generator, type Tensor, tensor } from "../../src/tensor/index.js";
import { testDevice } from "../test-device.js";

/** Mean and deviation of the normalisation that some released codes do before the network. */
export interface InputStatistics {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

export class SmallNet extends ImageClassifier {
  override readonly architecture = "net";
  override readonly classes = 10;
  override readonly featureSize = 16;
  readonly #generator = new Generator(0);
  readonly #statistics: readonly [mean: Tensor, std: Tensor] | null;
  readonly conv1 = this.child("conv1", new Conv2d(3, 8, this.#generator, { bias: true }));
  readonly norm1 = this.child("bn1", new BatchNorm(8));
  readonly norm2: BatchNorm;
  readonly conv2: Conv2d;
  readonly head: Linear;

  /** @param autoNorms whether the second set of norms that DAJAT's network has is there, unused, so that the filling counts it */
  constructor({
    statistics = null,
    autoNorms = false,
  }: { statistics?: InputStatistics | null; autoNorms?: boolean } = {}) {
    super();
    if (autoNorms) this.child("bn1_auto", new BatchNorm(8));
    this.conv2 = this.child("conv2", new Conv2d(8, 16, this.#generator, { bias: true, stride: 2 }));
    this.norm2 = this.child("bn2", new BatchNorm(16));
    if (autoNorms) this.child("bn2_auto", new BatchNorm(16));
    this.head = this.child("fc", new Linear(16, 10, this.#generator));
    const column = (values: readonly number[]) =>
      tensor(Float32Array.from(values), { shape: [1, 3, 1, 1], device: testDevice });
    this.#statistics = statistics && [column(statistics.mean), column(statistics.std)];
  }

  override features(images: Tensor): Tensor {
    const input = this.#statistics ? images.sub(this.#statistics[0]).div(this.#statistics[1]) : images;
    const first = this.norm1.forward(this.conv1.forward(input)).relu();
    return this.norm2.forward(this.conv2.forward(first)).relu().mean([2, 3]);
  }

  override classify(features: Tensor): Tensor {
    return this.head.forward(features);
  }
}
