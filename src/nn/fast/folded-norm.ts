// Batch normalisation with fixed statistics as part of the convolution before it.
import { keep, noGrad, scope, type Tensor } from "../../tensor/index.js";
import type { BatchNorm } from "../batch-norm.js";

/** Weight and bias of a convolution that does the work of a convolution and a norm. */
export interface FoldedConvolution {
  readonly weight: Tensor;
  readonly bias: Tensor;
}

/**
 * w·s and (b − mean)·s + β with s = γ/√(var + eps), for each output channel: the same map, to rounding. Belongs to no
 * scope and carries no graph. In a dtype short of the weights' own it is rounded once, and laid out for a GPU.
 */
export function foldNorm(
  conv: { readonly weight: Tensor; readonly bias: Tensor | null },
  norm: BatchNorm,
  dtype = conv.weight.dtype,
): FoldedConvolution {
  return noGrad(() =>
    scope(() => {
      const factor = norm.weight.div(norm.runningVar.add(norm.eps).sqrt());
      const weight = conv.weight.mul(factor.reshape([-1, 1, 1, 1]));
      const shift = conv.bias ? conv.bias.sub(norm.runningMean) : norm.runningMean.neg();
      const bias = shift.mul(factor).add(norm.bias);
      if (dtype === weight.dtype) return { weight: keep(weight.detach()), bias: keep(bias.detach()) };
      return {
        weight: keep(weight.to(dtype).contiguous("channelsLast").detach()),
        bias: keep(bias.to(dtype).detach()),
      };
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
