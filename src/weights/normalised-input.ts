// A network that was trained on normalised images, as a classifier of images in [0, 1].
import { ReatError } from "../errors.js";
import { ImageClassifier } from "../nn/index.js";
import { keep, type Tensor, tensor } from "../tensor/index.js";

/** What a training script subtracts from each channel and divides it by, with pixels in [0, 1]: red, green, blue. */
export interface Normalisation {
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/** (x − mean) / deviation before a network. Owns the network: disposing frees both. */
export class NormalisedInput extends ImageClassifier {
  override readonly architecture;
  override readonly classes;
  override readonly featureSize;
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
  }

  override features(images: Tensor): Tensor {
    return this.#network.features(images.sub(this.#mean).div(this.#deviation));
  }

  override classify(features: Tensor): Tensor {
    return this.#network.classify(features);
  }
}
