// The residual blocks of ResNets: two 3×3 convolutions, or three with a narrow middle.
import type { Generator, Tensor } from "../../tensor/index.js";
import { BatchNorm } from "../batch-norm.js";
import { Conv2d } from "../conv2d.js";
import { Layer } from "../module.js";
import { Relu, Sequential } from "../sequential.js";

/** Makes a residual block; `outputs` is its number of output channels over `expansion`. */
export interface BlockType {
  new (inputs: number, width: number, stride: number, generator: Generator): Layer;
  /** Output channels for each unit of width. */
  readonly expansion: number;
}

/** Two 3×3 convolutions beside a shortcut (He et al. 2016, figure 2); the first one has the stride. */
export class BasicBlock extends Layer {
  static readonly expansion = 1;
  readonly #residual: Sequential;
  readonly #shortcut: Sequential;

  constructor(inputs: number, width: number, stride: number, generator: Generator) {
    super();
    const { device } = generator;
    this.#residual = this.child(
      "residual_function",
      new Sequential(
        new Conv2d(inputs, width, generator, { stride }),
        new BatchNorm(width, { device }),
        new Relu(),
        new Conv2d(width, width, generator),
        new BatchNorm(width, { device }),
      ),
    );
    this.#shortcut = this.child("shortcut", projection(inputs, width, stride, generator));
  }

  override forward(input: Tensor): Tensor {
    return this.#residual.forwardBeside(this.#shortcut, input);
  }
}

/** 1×1 to the width, 3×3 with the stride, 1×1 to four times the width (He et al. 2016, figure 5). */
export class Bottleneck extends Layer {
  static readonly expansion = 4;
  readonly #residual: Sequential;
  readonly #shortcut: Sequential;

  constructor(inputs: number, width: number, stride: number, generator: Generator) {
    super();
    const { device } = generator;
    const outputs = width * Bottleneck.expansion;
    this.#residual = this.child(
      "residual_function",
      new Sequential(
        new Conv2d(inputs, width, generator, { kernel: 1 }),
        new BatchNorm(width, { device }),
        new Relu(),
        new Conv2d(width, width, generator, { stride }),
        new BatchNorm(width, { device }),
        new Relu(),
        new Conv2d(width, outputs, generator, { kernel: 1 }),
        new BatchNorm(outputs, { device }),
      ),
    );
    this.#shortcut = this.child("shortcut", projection(inputs, outputs, stride, generator));
  }

  override forward(input: Tensor): Tensor {
    return this.#residual.forwardBeside(this.#shortcut, input);
  }
}

/** The shortcut's 1×1 convolution and norm where the shape changes; nothing where it does not. */
export function projection(
  inputs: number,
  outputs: number,
  stride: number,
  generator: Generator,
): Sequential {
  if (stride === 1 && inputs === outputs) return new Sequential();
  return new Sequential(
    new Conv2d(inputs, outputs, generator, { kernel: 1, stride }),
    new BatchNorm(outputs, { device: generator.device }),
  );
}
