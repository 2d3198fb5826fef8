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

/** What is wrong with a normalisation of images in [0, 1], in words; null where nothing is. */
export function normalisationProblem({ mean, deviation }: Normalisation): string | null {
  const three = (values: readonly number[]) => values.length === 3 && values.every(Number.isFinite);
  const got = `got [${mean}] and [${deviation}]`;
  if (!three(mean) || !three(deviation) || deviation.some((value) => value <= 0)) {
    return `A normalisation takes a mean and a standard deviation above 0 for red, green and blue, ${got}.`;
  }
  const all = [...mean, ...deviation];
  if (all.some((value) => value > 1) && all.every((value) => value >= 0 && value <= 255)) {
    const divided = (values: readonly number[]) =>
      values.map((value) => Number((value / 255).toPrecision(4))).join(",");
    return `A normalisation is of images in [0, 1], ${got}, which is the scale from 0 to 255; divided by 255 these are mean ${divided(mean)} and std ${divided(deviation)}.`;
  }
  if (mean.some((value) => value < 0 || value > 1) || deviation.some((value) => value > 1)) {
    return `A normalisation is of images in [0, 1], whose mean lies from 0 to 1 and whose standard deviation is at most 1, ${got}.`;
  }
  return null;
}

/** @throws ReatError `config` as {@link normalisationProblem} says */
export function requireNormalisation(normalisation: Normalisation): void {
  const problem = normalisationProblem(normalisation);
  if (problem !== null) throw new ReatError("config", problem);
}

/** (x − mean) / deviation before a network. Owns the network: disposing frees both. */
export class NormalisedInput extends ImageClassifier {
  override readonly architecture;
  override readonly classes;
  override readonly featureSize;
  override readonly classifier;
  readonly #network: ImageClassifier;
  readonly #mean: Tensor;
  readonly #deviation: Tensor;

  /** @throws ReatError `config` where these are not three numbers each, of images in [0, 1] */
  constructor(network: ImageClassifier, normalisation: Normalisation) {
    super();
    requireNormalisation(normalisation);
    const { mean, deviation } = normalisation;
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

  override get headName(): string {
    return `network.${this.#network.headName}`;
  }

  override layerOf(parameter: string): string {
    return this.#network.layerOf(parameter.replace(/^network\./, ""));
  }

  override features(images: Tensor): Tensor {
    return this.#network.features(images.sub(this.#mean).div(this.#deviation));
  }

  override classify(features: Tensor): Tensor {
    return this.#network.classify(features);
  }
}
