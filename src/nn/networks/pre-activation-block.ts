// The pre-activation block, in the two namings of its published implementations.
import { type Generator, scope, type Tensor } from "../../tensor/index.js";
import { BatchNorm } from "../batch-norm.js";
import { Conv2d } from "../conv2d.js";
import { Layer } from "../module.js";
import { convolveAndNormalise } from "../normalised-convolution.js";
import { Sequential } from "../sequential.js";

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
    if (inputs === outputs && stride === 1) return;
    const convolution = new Conv2d(inputs, outputs, generator, { kernel: 1, stride });
    this.#shortcut =
      naming === "wide"
        ? this.child("convShortcut", convolution)
        : this.child("shortcut", new Sequential(convolution));
  }

  override forward(input: Tensor): Tensor {
    return scope(() => {
      const active = this.#bn1.forward(input).relu_();
      const [inner] = convolveAndNormalise(this.#conv1, this.#bn2, active, { addend: null, relu: true });
      const residual = this.#conv2.forward(inner);
      return residual.add_(this.#shortcut ? this.#shortcut.forward(active) : input);
    });
  }
}
