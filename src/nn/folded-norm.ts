// Batch normalisation with fixed statistics as part of the convolution before it.
import { keep, noGrad, scope, type Tensor } from "../tensor/index.js";
import type { BatchNorm } from "./batch-norm.js";
import type { Conv2d } from "./conv2d.js";
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

/** The norm of the convolution of `input`: one operation where the network is frozen, two otherwise. */
export function convolveAndNormalise(conv: Conv2d, norm: BatchNorm, input: Tensor): Tensor {
  return conv.isFrozen && currentLevers().foldBatchNorm
    ? conv.forwardFolded(input, norm)
    : norm.forward(conv.forward(input));
}
