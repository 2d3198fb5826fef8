// Convolutions on a GPU together with the bias, sum and ReLU that follow.
import { operatorMany, type Tensor } from "../../tensor/index.js";
import type { Ending } from "./folded-norm.js";

const activatedConvolution = operatorMany("reat::activated_convolution");

/**
 * Maps [N, C, H, W] to [N, O, H/stride, W/stride]: the convolution by `weight` [O, C, k, k] plus `bias` [O] plus the addend,
 * through ReLU where the ending has one. All have one dtype. Gradients reach the maps and the addend alone, once.
 * @param fused in one kernel of cuDNN's, on a GPU and where the ending has a ReLU; otherwise operation by operation
 * @returns the result, and the maps once more: later uses must take the returned maps, so that the sum of both gradients is fused
 */
export function convolveActivated(
  maps: Tensor,
  weight: Tensor,
  bias: Tensor,
  { stride, padding }: { readonly stride: number; readonly padding: number },
  { addend, relu }: Ending,
  fused: boolean,
): readonly [Tensor, Tensor] {
  const results = activatedConvolution(maps, weight, bias, addend, stride, padding, relu, fused);
  return results as [Tensor, Tensor];
}
