// A linear map with bias.
import { type Generator, linear, type Tensor } from "../tensor/index.js";
import { defaultBias, defaultWeight } from "./initialisation.js";
import { Layer } from "./module.js";

/** [N, inputs] to [N, outputs]. */
export class Linear extends Layer {
  readonly weight: Tensor;
  readonly bias: Tensor;

  constructor(inputs: number, outputs: number, generator: Generator) {
    super();
    const shape = [outputs, inputs];
    this.weight = this.parameter("weight", defaultWeight(shape, generator));
    this.bias = this.parameter("bias", defaultBias(shape, generator));
  }

  override forward(input: Tensor): Tensor {
    return linear(input, this.weight, this.bias);
  }
}
