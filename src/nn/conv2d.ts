// A convolution of images with its own weight.
import { conv2d, type Generator, keep, type Tensor, zeros } from "../tensor/index.js";
import type { BatchNorm } from "./batch-norm.js";
import {
  convolveActivated,
  convolveBlocks,
  convolveInTraining,
  convolveTiles,
  currentLevers,
  type Ending,
  endWith,
  type FoldedConvolution,
  foldNorm,
  hasTiles,
  inBlocks,
  type MeasuredMaps,
  type PendingMaps,
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
  /** Groups of channels that do not mix; as many as there are channels make a depthwise convolution. Default: 1. */
  readonly groups?: number;
}

/** [N, inputs, H, W] to [N, outputs, H/stride, W/stride] with the default padding. */
export class Conv2d extends Layer {
  readonly weight: Tensor;
  readonly bias: Tensor | null;
  readonly #geometry: {
    readonly kernel: number;
    readonly stride: number;
    readonly padding: number;
    readonly groups: number;
  };
  #folded: FoldedConvolution | null = null;
  #tileWeights: TileWeights | null = null;
  /** What is added to each channel where the convolution stands alone. */
  #alone: Tensor | null = null;

  constructor(inputs: number, outputs: number, generator: Generator, options: Conv2dOptions = {}) {
    super();
    const { kernel = 3, stride = 1, padding = (kernel - 1) / 2, bias = false, groups = 1 } = options;
    this.#geometry = { kernel, stride, padding, groups };
    const shape = [outputs, inputs / groups, kernel, kernel];
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

  /**
   * The convolution of maps in blocks where no norm follows that could be part of it, in mode "fast", in tiles.
   * @returns the result with its ending, and the maps for later uses, as in `convolveTiles`
   */
  forwardAlone(input: Tensor, ending: Ending): readonly [Tensor, Tensor] {
    this.#tileWeights ??= prepareTileWeights(this.weight.detach(), this.#geometry);
    this.#alone ??= keep(this.bias?.detach() ?? zeros([this.weight.shape[0]!]));
    if (currentLevers().fuseActivations) return convolveTiles(input, this.#tileWeights, this.#alone, ending);
    const [output] = convolveTiles(input, this.#tileWeights, this.#alone, { addend: null, relu: false });
    return [endWith(output, ending), input];
  }

  /** Whether this convolution can be done in tiles, in an attack or in training. */
  get fitsTiles(): boolean {
    const { kernel, padding, groups } = this.#geometry;
    return groups === 1 && padding === (kernel - 1) / 2 && hasTiles(this.#geometry);
  }

  /**
   * A training pass of maps in blocks: the convolution of what is pending, with the norm that follows as what is pending next.
   * @returns the result, and the maps for later uses, as in `convolveInTraining`
   */
  forwardInTraining(input: PendingMaps, norm: BatchNorm, relu: boolean): readonly [PendingMaps, Tensor] {
    const { stride } = this.#geometry;
    const { output, mean, variance, same } = convolveInTraining(input, this.weight, stride, norm.runningMean);
    return [{ maps: output, norm: norm.inTraining(output, mean, variance), relu }, same];
  }

  /**
   * A training pass of maps in blocks, whose result is measured.
   * @param estimate of the result's means [outputs]; null where they are not needed
   */
  forwardMeasured(input: PendingMaps, estimate: Tensor | null): MeasuredMaps {
    const { output, mean, variance } = convolveInTraining(
      input,
      this.weight,
      this.#geometry.stride,
      estimate,
    );
    return { maps: output, mean, variance };
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
    return this.fitsTiles && this.mode === "fast" && tilesWanted();
  }

  protected override thaw(): void {
    this.#folded?.weight.dispose();
    this.#folded?.bias.dispose();
    this.#folded = null;
    this.#tileWeights?.forth.dispose();
    this.#tileWeights?.back.dispose();
    this.#tileWeights = null;
    this.#alone?.dispose();
    this.#alone = null;
  }
}
