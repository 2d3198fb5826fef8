// A convolution of images with its own weight.
import { conv2d, type Generator, type Tensor } from "../tensor/index.js";
import type { BatchNorm } from "./batch-norm.js";
import {
  convolveActivated,
  convolveBlocks,
  convolveTiles,
  currentLevers,
  type Ending,
  endWith,
  type FoldedConvolution,
  foldNorm,
  hasTiles,
  inBlocks,
  prepareTileWeights,
  type TileWeights,
  tilesWanted,
} from "./fast/index.js";
import { defaultBias, defaultWeight } from "./initialisation.js";
import { Layer } from "./module.js";

/** Geometry of a `Conv2d` layer. */
export interface Conv2dOptions {
  /** Side of the square kernel. Default: 3. */
  readonly kernel?: number;
  /** Default: 1. */
  readonly stride?: number;
  /** Zeros around the image. Default: what keeps its size at stride 1. */
  readonly padding?: number;
  /** Default: false. */
  readonly bias?: boolean;
}

/** [N, inputs, H, W] to [N, outputs, H/stride, W/stride] with the default padding. */
export class Conv2d extends Layer {
  readonly weight: Tensor;
  readonly bias: Tensor | null;
  readonly #geometry: { readonly kernel: number; readonly stride: number; readonly padding: number };
  #folded: FoldedConvolution | null = null;
  #tileWeights: TileWeights | null = null;

  constructor(inputs: number, outputs: number, generator: Generator, options: Conv2dOptions = {}) {
    super();
    const { kernel = 3, stride = 1, padding = (kernel - 1) / 2, bias = false } = options;
    this.#geometry = { kernel, stride, padding };
    const shape = [outputs, inputs, kernel, kernel];
    this.weight = this.parameter("weight", defaultWeight(shape, generator));
    this.bias = bias ? this.parameter("bias", defaultBias(shape, generator)) : null;
  }

  override forward(input: Tensor): Tensor {
    return conv2d(input, this.weight, this.bias, this.#geometry);
  }

  /** See `convolveAndNormalise`, where the network is frozen; a convolution has one norm after it. */
  forwardFolded(input: Tensor, norm: BatchNorm, ending: Ending): readonly [Tensor, Tensor] {
    if (input.device !== "cpu") return this.#forwardActivated(input, norm, ending);
    this.#folded ??= foldNorm(this, norm);
    const { weight, bias } = this.#folded;
    if (!inBlocks(input)) return [endWith(conv2d(input, weight, bias, this.#geometry), ending), input];
    if (!this.#inTiles) return [endWith(convolveBlocks(input, weight, bias, this.#geometry), ending), input];
    this.#tileWeights ??= prepareTileWeights(weight, this.#geometry);
    if (currentLevers().fuseActivations) return convolveTiles(input, this.#tileWeights, bias, ending);
    const alone = { addend: null, relu: false };
    const [output] = convolveTiles(input, this.#tileWeights, bias, alone);
    return [endWith(output, ending), input];
  }

  #forwardActivated(input: Tensor, norm: BatchNorm, ending: Ending): readonly [Tensor, Tensor] {
    const { dtype } = input;
    this.#folded ??= foldNorm(this, norm, dtype);
    const { weight, bias } = this.#folded;
    // In float32 cuDNN's fused kernels are not what its convolutions are.
    const fused = currentLevers().fuseActivations && dtype === "bfloat16";
    return convolveActivated(input, weight, bias, this.#geometry, ending, fused);
  }

  get #inTiles(): boolean {
    const { kernel, padding } = this.#geometry;
    const suits = padding === (kernel - 1) / 2 && hasTiles(this.#geometry);
    return suits && this.mode === "fast" && tilesWanted();
  }

  protected override thaw(): void {
    this.#folded?.weight.dispose();
    this.#folded?.bias.dispose();
    this.#folded = null;
    this.#tileWeights?.forth.dispose();
    this.#tileWeights?.back.dispose();
    this.#tileWeights = null;
  }
}
