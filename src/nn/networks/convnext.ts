// ConvNeXt: depthwise convolutions and two wide linear layers a block, with layer norms, on maps of a quarter of the image's side.
import { full, type Generator, gelu, noGrad, operator, scope, type Tensor } from "../../tensor/index.js";
import { ImageClassifier } from "../classifier.js";
import { classifierHead } from "../classifier-head.js";
import { Conv2d } from "../conv2d.js";
import type { ClassifierName } from "../cosine-linear.js";
import { type DropPath, dropsOfBlocks, joinBranch } from "../drop-path.js";
import { inPrecision, pooled } from "../fast/index.js";
import { LayerNorm } from "../layer-norm.js";
import { Linear } from "../linear.js";
import { Layer } from "../module.js";
import { requireSides } from "./image-size.js";

const normalInPlace = operator("normal_");

/** What tells one ConvNeXt from another. */
export interface ConvNextDescription {
  readonly architecture: string;
  /** Channels of each stage, and its number of blocks. */
  readonly stages: readonly { readonly width: number; readonly blocks: number }[];
}

/** 7×7 depthwise, norm, to four times the width, GELU, back, times a factor for each channel, beside the input (Liu et al. 2022, figure 4). */
class Block extends Layer {
  readonly #depthwise: Conv2d;
  readonly #norm: LayerNorm;
  readonly #wide: Linear;
  readonly #narrow: Linear;
  readonly #scale: Tensor;
  readonly #drop: DropPath | null;

  constructor(width: number, generator: Generator, drop: DropPath | null) {
    super();
    this.#drop = drop;
    const { device } = generator;
    this.#scale = this.parameter("gamma", full([width], 1e-6, { device }));
    this.#depthwise = this.child(
      "dwconv",
      new Conv2d(width, width, generator, { kernel: 7, groups: width, bias: true }),
    );
    this.#norm = this.child("norm", new LayerNorm(width, { device }));
    this.#wide = this.child("pwconv1", new Linear(width, 4 * width, generator));
    this.#narrow = this.child("pwconv2", new Linear(4 * width, width, generator));
  }

  override forward(input: Tensor): Tensor {
    return scope(() => {
      // Channels last: the linear layers then take the maps as they lie.
      const vectors = this.#norm.forward(this.#depthwise.forward(input).permute([0, 2, 3, 1]));
      const result = this.#narrow.forward(gelu(this.#wide.forward(vectors))).mul(this.#scale);
      return joinBranch(input, result.permute([0, 3, 1, 2]), this.#drop, this.mode);
    });
  }
}

/** A norm and a convolution that halves the maps; before the first stage a convolution that quarters the image, and a norm. */
class Downsampling extends Layer {
  readonly #convolution: Conv2d;
  readonly #norm: LayerNorm;
  readonly #isStem: boolean;

  constructor(inputs: number, outputs: number, isStem: boolean, generator: Generator) {
    super();
    const kernel = isStem ? 4 : 2;
    const geometry = { kernel, stride: kernel, padding: 0, bias: true };
    this.#isStem = isStem;
    this.#convolution = new Conv2d(inputs, outputs, generator, geometry);
    this.#norm = new LayerNorm(isStem ? outputs : inputs, { device: generator.device });
    this.child("0", isStem ? this.#convolution : this.#norm);
    this.child("1", isStem ? this.#norm : this.#convolution);
  }

  override forward(input: Tensor): Tensor {
    return this.#isStem
      ? this.#norm.forwardMaps(this.#convolution.forward(input))
      : this.#convolution.forward(this.#norm.forwardMaps(input));
  }
}

/** Liu et al. 2022, "A ConvNet for the 2020s"; parameters are named as in the authors' code. */
export class ConvNext extends ImageClassifier {
  override readonly architecture: string;
  override readonly featureSize: number;
  readonly #body: Layer[] = [];
  readonly #norm: LayerNorm;
  readonly #head: Layer;

  /** @throws ReatError `config` for a rate of stochastic depth out of its range */
  constructor(
    { architecture, stages }: ConvNextDescription,
    override readonly classes: number,
    generator: Generator,
    override readonly classifier: ClassifierName = "linear",
    dropPath: DropPath | null = null,
  ) {
    super();
    this.architecture = architecture;
    const drops = dropsOfBlocks(
      dropPath,
      stages.reduce((sum, { blocks }) => sum + blocks, 0),
    );
    let channels = 3;
    for (const [stage, { width, blocks }] of stages.entries()) {
      const between = new Downsampling(channels, width, stage === 0, generator);
      this.#body.push(this.child(`downsample_layers.${stage}`, between));
      for (let block = 0; block < blocks; block++) {
        this.#body.push(this.child(`stages.${stage}.${block}`, new Block(width, generator, drops.shift()!)));
      }
      channels = width;
    }
    this.featureSize = channels;
    this.#norm = this.child("norm", new LayerNorm(channels, { device: generator.device }));
    this.#initialise(generator);
    this.#head = this.child("head", classifierHead(classifier, channels, classes, generator));
  }

  override layerOf(parameter: string): string {
    return /^(downsample_layers\.\d+|stages\.\d+\.\d+)\./.exec(parameter)?.[1] ?? super.layerOf(parameter);
  }

  /** @throws ReatError `config` for images below 32×32, of which the last stage would have nothing */
  override features(images: Tensor): Tensor {
    const [, , height, width] = images.shape as [number, number, number, number];
    requireSides(this.architecture, { height, width }, { least: 32 });
    return scope(() =>
      inPrecision(images, (input) => {
        const maps = this.#body.reduce(
          (value, part) => part.forward(value),
          input.contiguous("channelsLast"),
        );
        return this.#norm.forward(pooled(maps));
      }),
    );
  }

  override classify(features: Tensor): Tensor {
    return this.#head.forward(features);
  }

  /** The published initialisation: weights normal with deviation 0.02 (cut at two, which is a hundred deviations), biases 0. */
  #initialise(generator: Generator): void {
    noGrad(() => {
      for (const [name, tensor] of this.namedParameters()) {
        if (tensor.ndim >= 2) normalInPlace(tensor, 0, 0.02, generator);
        else if (name.endsWith("bias")) tensor.zero_();
      }
    });
  }
}

/** ConvNeXt-T: 27.8 million parameters, 8.9 GFLOP (4.5 G multiply-adds) per image of 224×224. */
export const convNextTiny: ConvNextDescription = {
  architecture: "convnext-tiny",
  stages: [
    { width: 96, blocks: 3 },
    { width: 192, blocks: 3 },
    { width: 384, blocks: 9 },
    { width: 768, blocks: 3 },
  ],
};
