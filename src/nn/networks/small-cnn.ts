// A plain convolutional network without normalisation, for tests and quick comparisons.
import { ReatError } from "../../errors.js";
import { type Generator, scope, type Tensor } from "../../tensor/index.js";
import { ImageClassifier } from "../classifier.js";
import { classifierHead } from "../classifier-head.js";
import { Conv2d } from "../conv2d.js";
import type { ClassifierName } from "../cosine-linear.js";
import {
  currentLevers,
  inPrecision,
  outOfBlocks,
  tilesWanted,
  toBlocks,
  worthBlocking,
} from "../fast/index.js";
import { Linear } from "../linear.js";
import type { Layer } from "../module.js";

/** @throws ReatError `config` for images of another size than 32×32 */
export function requireSmallCnnSize({
  height,
  width,
}: {
  readonly height: number;
  readonly width: number;
}): void {
  if (height === 32 && width === 32) return;
  throw new ReatError(
    "config",
    `The network smallcnn takes images of 32×32 pixels, got ${width}×${height}; scale them (data.resize 32) or choose another architecture.`,
  );
}

/** Four 3×3 convolutions (32, 64, 128, 128 channels; all but the first halve the map) and two linear layers. Images are 32×32. */
export class SmallCnn extends ImageClassifier {
  override readonly architecture = "smallcnn";
  override readonly featureSize = 128;
  readonly #convolutions: readonly Conv2d[];
  readonly #hidden: Linear;
  readonly #head: Layer;

  constructor(
    override readonly classes: number,
    generator: Generator,
    override readonly classifier: ClassifierName = "linear",
  ) {
    super();
    const widths = [3, 32, 64, 128, 128];
    this.#convolutions = widths.slice(1).map((width, index) => {
      const stride = index === 0 ? 1 : 2;
      return this.child(
        `conv${index + 1}`,
        new Conv2d(widths[index]!, width, generator, { stride, bias: true }),
      );
    });
    this.#hidden = this.child("fc1", new Linear(128 * 4 * 4, this.featureSize, generator));
    this.#head = this.child("fc2", classifierHead(classifier, this.featureSize, classes, generator));
  }

  /** @throws ReatError `config` for images of another size than 32×32 */
  override features(images: Tensor): Tensor {
    const [, , height, width] = images.shape as [number, number, number, number];
    requireSmallCnnSize({ height, width });
    return scope(() =>
      inPrecision(images, (given) => {
        return this.#hidden.forward(this.#maps(given).flatten(1)).relu_();
      }),
    );
  }

  #maps(images: Tensor): Tensor {
    if (this.mode === "fast" && tilesWanted() && worthBlocking(images, true)) {
      const ending = { addend: null, relu: true };
      const blocks = this.#convolutions.reduce(
        (value, layer) => layer.forwardAlone(value, ending)[0],
        toBlocks(images),
      );
      return outOfBlocks(blocks);
    }
    const input = currentLevers().channelsLast ? images.contiguous("channelsLast") : images;
    return this.#convolutions.reduce((value, layer) => layer.forward(value).relu_(), input);
  }

  override classify(features: Tensor): Tensor {
    return this.#head.forward(features);
  }
}
