// A convolution and the norm after it: one operation where the network is frozen.
import type { Tensor } from "../tensor/index.js";
import type { BatchNorm } from "./batch-norm.js";
import type { Conv2d } from "./conv2d.js";
import { currentLevers, type Ending, endWith } from "./fast/index.js";

/**
 * Convolution, norm and ending of `input`: as few operations as possible where the network is frozen.
 * @returns the result, and the input for later uses: they must take the returned input, so that its gradient is fused
 */
export function convolveAndNormalise(
  conv: Conv2d,
  norm: BatchNorm,
  input: Tensor,
  ending: Ending = { addend: null, relu: false },
): readonly [Tensor, Tensor] {
  return conv.isFrozen && currentLevers().foldBatchNorm
    ? conv.forwardFolded(input, norm, ending)
    : [endWith(norm.forward(conv.forward(input)), ending), input];
}
