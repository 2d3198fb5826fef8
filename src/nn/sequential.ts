// Layers one after the other, and the activation between them.
import { scope, type Tensor } from "../tensor/index.js";
import { BatchNorm } from "./batch-norm.js";
import { Conv2d } from "./conv2d.js";
import { convolveAndNormalise } from "./folded-norm.js";
import { Layer } from "./module.js";

/** Runs layers in order; their names are "0", "1", … An empty one returns its input. */
export class Sequential extends Layer {
  readonly #layers: readonly Layer[];

  constructor(...layers: readonly Layer[]) {
    super();
    this.#layers = layers.map((layer, index) => this.child(String(index), layer));
  }

  override forward(input: Tensor): Tensor {
    // A scope of its own: without gradients, feature maps are then freed as the batch moves on.
    return scope(() => {
      let value = input;
      for (let index = 0; index < this.#layers.length; index++) {
        const [layer, next] = [this.#layers[index]!, this.#layers[index + 1]];
        if (layer instanceof Conv2d && next instanceof BatchNorm) {
          value = convolveAndNormalise(layer, next, value);
          index++;
        } else value = layer.forward(value);
      }
      return value;
    });
  }
}

/** max(x, 0), in place: the layer before must be one whose gradient does not need its output (convolution, norm). */
export class Relu extends Layer {
  override forward(input: Tensor): Tensor {
    return input.relu_();
  }
}
