// Layers one after the other, and the activation between them.
import { scope, type Tensor } from "../tensor/index.js";
import { BatchNorm } from "./batch-norm.js";
import { Conv2d } from "./conv2d.js";
import { finishMaps, inBlocks, type PendingMaps } from "./fast/index.js";
import { Layer } from "./module.js";
import { convolveAndNormalise } from "./normalised-convolution.js";

/** Runs layers in order; their names are "0", "1", … An empty one returns its input. */
export class Sequential extends Layer {
  readonly #layers: readonly Layer[];

  constructor(...layers: readonly Layer[]) {
    super();
    this.#layers = layers.map((layer, index) => this.child(String(index), layer));
  }

  override forward(input: Tensor): Tensor {
    // A scope of its own: without gradients, feature maps are then freed as the batch moves on.
    return scope(() => this.#run(input, null));
  }

  /** relu(layers(input) + shortcut(input)) for [N, channels, height, width]; the layers begin and end with a convolution and its norm. */
  forwardBeside(shortcut: Layer, input: Tensor): Tensor {
    return scope(() => this.#run(input, shortcut));
  }

  #run(input: Tensor, shortcut: Layer | null): Tensor {
    if (inBlocks(input) && !this.isFrozen) return this.#runInTraining(input, shortcut);
    let value = input;
    let handedOn = input;
    for (let index = 0; index < this.#layers.length; index++) {
      const [layer, next, third] = this.#layers.slice(index, index + 3);
      if (!(layer instanceof Conv2d && next instanceof BatchNorm)) {
        value = layer!.forward(value);
        continue;
      }
      const addend = shortcut !== null && third === undefined ? shortcut.forward(handedOn) : null;
      const relu = addend !== null || third instanceof Relu;
      const [output, same] = convolveAndNormalise(layer, next, value, { addend, relu });
      if (index === 0) handedOn = same;
      value = output;
      index += third instanceof Relu ? 2 : 1;
    }
    return value;
  }

  /** As `#run`, of maps in blocks with norms of the batch's statistics. */
  #runInTraining(input: Tensor, shortcut: Layer | null): Tensor {
    const { pending, handedOn } = this.#pending(input);
    if (shortcut === null) return finishMaps(pending, null);
    const other =
      shortcut instanceof Sequential
        ? shortcut.#pending(handedOn).pending
        : { maps: shortcut.forward(handedOn), norm: null, relu: false };
    return finishMaps({ ...pending, relu: true }, other);
  }

  /** All but the last norm and its ReLU, and the input for later uses. */
  #pending(input: Tensor): { readonly pending: PendingMaps; readonly handedOn: Tensor } {
    let pending: PendingMaps = { maps: input, norm: null, relu: false };
    let handedOn = input;
    for (let index = 0; index < this.#layers.length; index++) {
      const [layer, next, third] = this.#layers.slice(index, index + 3);
      if (!(layer instanceof Conv2d && next instanceof BatchNorm)) {
        pending = { maps: layer!.forward(finishMaps(pending, null)), norm: null, relu: false };
        continue;
      }
      const relu = third instanceof Relu;
      const [output, same] = layer.forwardInTraining(pending, next, relu);
      if (index === 0) handedOn = same;
      pending = output;
      index += relu ? 2 : 1;
    }
    return { pending, handedOn };
  }
}

/** max(x, 0), in place: the layer before must be one whose gradient does not need its output (convolution, norm). */
export class Relu extends Layer {
  override forward(input: Tensor): Tensor {
    return input.relu_();
  }
}
