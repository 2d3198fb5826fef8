// The pre-activation block, in the two namings of its published implementations.
import { type Generator, scope, type Tensor } from "../../tensor/index.js";
import { BatchNorm } from "../batch-norm.js";
import { Conv2d } from "../conv2d.js";
import { finishMaps, inBlocks, type MeasuredMaps, sumInTraining } from "../fast/index.js";
import { Layer } from "../module.js";
import { convolveAndNormalise } from "../normalised-convolution.js";
import { Sequential } from "../sequential.js";

const plainEnding = { addend: null, relu: false };

/**
 * Norm and activation before each of two 3×3 convolutions (He et al. 2016b, figure 1b). Where the shape changes, the
 * shortcut is a 1×1 convolution of the activated input: "convShortcut" in WideResNets, "shortcut.0" in PreActResNets.
 */
export class PreActivationBlock extends Layer {
  readonly #bn1: BatchNorm;
  readonly #conv1: Conv2d;
  readonly #bn2: BatchNorm;
  readonly #conv2: Conv2d;
  readonly #shortcut: Layer | null;
  readonly #projection: Conv2d | null;

  constructor(
    inputs: number,
    outputs: number,
    stride: number,
    generator: Generator,
    naming: "wide" | "preact",
  ) {
    super();
    const { device } = generator;
    this.#bn1 = this.child("bn1", new BatchNorm(inputs, { device }));
    this.#conv1 = this.child("conv1", new Conv2d(inputs, outputs, generator, { stride }));
    this.#bn2 = this.child("bn2", new BatchNorm(outputs, { device }));
    this.#conv2 = this.child("conv2", new Conv2d(outputs, outputs, generator));
    this.#shortcut = null;
    this.#projection = null;
    if (inputs === outputs && stride === 1) return;
    const convolution = new Conv2d(inputs, outputs, generator, { kernel: 1, stride });
    this.#projection = convolution;
    this.#shortcut =
      naming === "wide"
        ? this.child("convShortcut", convolution)
        : this.child("shortcut", new Sequential(convolution));
  }

  /** What the block does first: maps that are measured for it can use the estimates of this norm. */
  get firstNorm(): BatchNorm {
    return this.#bn1;
  }

  /** Maps [N, inputs, H, W], or in mode "fast" [N, inputs/16, H, W, 16], to the same of `outputs`, H/stride and W/stride. */
  override forward(input: Tensor): Tensor {
    if (inBlocks(input)) return scope(() => this.#forwardInTiles(input));
    return scope(() => {
      const active = this.#bn1.forward(input).relu_();
      const [inner] = convolveAndNormalise(this.#conv1, this.#bn2, active, { addend: null, relu: true });
      const residual = this.#conv2.forward(inner);
      return residual.add_(this.#shortcut ? this.#shortcut.forward(active) : input);
    });
  }

  #forwardInTiles(input: Tensor): Tensor {
    const active = finishMaps({ maps: input, norm: this.#bn1.fixed(), relu: true }, null);
    const [inner, same] = this.#conv1.forwardFolded(active, this.#bn2, { addend: null, relu: true });
    const addend = this.#projection ? this.#projection.forwardAlone(same, plainEnding)[0] : input;
    return this.#conv2.forwardAlone(inner, { addend, relu: false })[0];
  }

  /**
   * A training pass of maps in blocks.
   * @param next the norm that follows the block, whose running mean is an estimate
   */
  forwardInTraining({ maps, mean, variance }: MeasuredMaps, next: BatchNorm): MeasuredMaps {
    const active = { maps, norm: this.#bn1.inTraining(maps, mean, variance), relu: true };
    const [inner] = this.#conv1.forwardInTraining(active, this.#bn2, true);
    const residual = this.#conv2.forwardMeasured(inner, null).maps;
    const other = this.#projection ? this.#projection.forwardMeasured(active, null).maps : maps;
    return sumInTraining(residual, other, next.runningMean);
  }
}
