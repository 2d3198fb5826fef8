// A network that was trained on normalised images, as a classifier of images in [0, 1].
import { ReatError } from "../errors.js";
import { ImageClassifier } from "../nn/index.js";
import { keep, type Tensor, tensor } from "../tensor/index.js";

/** What a training script subtracts from each channel and divides it by, with pixels in [0, 1]: red, green, blue. */
export interface Normalisation {
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/** Of the training images of data sets, as the field's scripts have them. */
export const normalisations = {
  cifar10: { mean: [0.4914, 0.4822, 0.4465], deviation: [0.247, 0.2435, 0.2616] },
  cifar100: { mean: [0.5071, 0.4865, 0.4409], deviation: [0.2673, 0.2564, 0.2762] },
  "tiny-imagenet": { mean: [0.4802, 0.4481, 0.3975], deviation: [0.277, 0.2691, 0.2821] },
  imagenet: { mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225] },
} as const satisfies Record<string, Normalisation>;

/** (x − mean) / deviation before a network. Owns the network: disposing frees both. */
export class NormalisedInput extends ImageClassifier {
  override readonly architecture;
  override readonly classes;
  override readonly featureSize;
  override readonly classifier;
  readonly #network: ImageClassifier;
  readonly #mean: Tensor;
  readonly #deviation: Tensor;

  /** @throws ReatError `config` where these are not three finite numbers each, deviations above 0 */
  constructor(network: ImageClassifier, { mean, deviation }: Normalisation) {
    super();
    const three = (values: readonly number[]) => values.length === 3 && values.every(Number.isFinite);
    if (!three(mean) || !three(deviation) || deviation.some((value) => value <= 0)) {
      throw new ReatError(
        "config",
        `A normalisation takes a mean and a standard deviation above 0 for red, green and blue, got [${mean}] and [${deviation}].`,
      );
    }
    const device = network.parameters()[0]!.device;
    const channels = (values: readonly number[]) =>
      keep(tensor(Float32Array.from(values), { shape: [1, 3, 1, 1], device }));
    this.#mean = this.buffer("mean", channels(mean));
    this.#deviation = this.buffer("deviation", channels(deviation));
    this.#network = this.child("network", network);
    this.architecture = network.architecture;
    this.classes = network.classes;
    this.featureSize = network.featureSize;
    this.classifier = network.classifier;
  }

  override features(images: Tensor): Tensor {
    return this.#network.features(images.sub(this.#mean).div(this.#deviation));
  }

  override classify(features: Tensor): Tensor {
    return this.#network.classify(features);
  }
}
