// Batch normalisation with fixed statistics as part of the convolution before it.
import { keep, noGrad, scope, type Tensor } from "../../tensor/index.js";
import type { BatchNorm } from "../batch-norm.js";
import type { Conv2d } from "../conv2d.js";
import { currentLevers } from "./levers.js";

/** Weight and bias of a convolution that does the work of a convolution and a norm. */
export interface FoldedConvolution {
  readonly weight: Tensor;
  readonly bias: Tensor;
}

/**
 * w·s and (b − mean)·s + β with s = γ/√(var + eps), for each output channel: the same map, to rounding. Belongs to no
 * scope and carries no graph.
 */
export function foldNorm(conv: Conv2d, norm: BatchNorm): FoldedConvolution {
  return noGrad(() =>
    scope(() => {
      const factor = norm.weight.div(norm.runningVar.add(norm.eps).sqrt());
      const weight = conv.weight.mul(factor.reshape([-1, 1, 1, 1]));
      const shift = conv.bias ? conv.bias.sub(norm.runningMean) : norm.runningMean.neg();
      return { weight: keep(weight.detach()), bias: keep(shift.mul(factor).add(norm.bias).detach()) };
    }),
  );
}

/** What follows a convolution and its norm: a sum with maps of the output's shape, then ReLU. */
export interface Ending {
  readonly addend: Tensor | null;
  readonly relu: boolean;
}

/** Adds and activates in place. */
export function endWith(maps: Tensor, { addend, relu }: Ending): Tensor {
  const sum = addend === null ? maps : maps.add_(addend);
  return relu ? sum.relu_() : sum;
}

/**
 * The norm of the convolution of `input`, with its ending: one operation where the network is frozen, or as few as there are.
 * @returns the result, and `input` for whoever else uses it, as `convolveTiles` hands it on
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
