// What every network of this project is: images to features to logits.
import type { Tensor } from "../tensor/index.js";
import type { ClassifierName } from "./cosine-linear.js";
import { Module } from "./module.js";

/** A classifier of RGB images that shows the features its last layer sees. */
export abstract class ImageClassifier extends Module {
  /** The name `buildModel` knows the network by. */
  abstract readonly architecture: string;
  /** Number of classes C. */
  abstract readonly classes: number;
  /** Number of features D. */
  abstract readonly featureSize: number;

  /** The kind of the last layer, for methods that need one; null for a network with one of its own. */
  readonly classifier: ClassifierName | null = null;

  /** Name of the last layer, which begins its parameters' names; what is before it is the backbone. It is the part registered last. */
  get headName(): string {
    return this.childNames.at(-1)!;
  }

  /**
   * Which layer a parameter belongs to, for learning rates that fall towards the input: parameters of one layer have one text. Layers come in
   * the order of their first parameters. By default a residual block is a layer, as is every part outside of blocks.
   * @param parameter a name of `namedParameters`
   */
  layerOf(parameter: string): string {
    return /^(layer\d+\.\d+|block\d+\.layer\.\d+)\./.exec(parameter)?.[1] ?? parameter.split(".")[0]!;
  }

  /** Images [N,3,H,W] in [0,1], not normalised, to features [N,D]. */
  abstract features(images: Tensor): Tensor;

  /** Features [N,D] to logits [N,C]. */
  abstract classify(features: Tensor): Tensor;

  /** Images [N,3,H,W] in [0,1] to logits [N,C]. */
  logits(images: Tensor): Tensor {
    return this.classify(this.features(images));
  }
}
