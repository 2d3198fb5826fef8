// Convolution as LibTorch computes it, led around two faults of the oneDNN with which Debian 13 builds LibTorch.
import { isGradEnabled } from "./autograd.js";
import { pad } from "./functional.js";
import { operator } from "./operator.js";
import { systemInfo } from "./system.js";
import type { Tensor } from "./tensor.js";

const conv2dOp = operator("conv2d");

/** Geometry of a convolution; one number stands for both directions. */
export interface ConvolutionOptions {
  readonly stride?: number;
  readonly padding?: number;
  readonly dilation?: number;
  readonly groups?: number;
}

let isFaulty: boolean | undefined;

/** Whether oneDNN 3.7 will compute a gradient of this convolution. */
function needsDetour(input: Tensor): boolean {
  isFaulty ??= /MKL-DNN v3\.7\./.test(systemInfo().config);
  return isFaulty && input.device === "cpu" && isGradEnabled();
}

/**
 * oneDNN 3.7 computes with 16 filters at a time. Where their number is no multiple of it, the gradient of the input also reads filters
 * that nobody wrote: about once in a thousand times NaN where other tensors were before.
 * @returns filters of zeros to add
 */
function missingFilters(input: Tensor, weight: Tensor, groups: number): number {
  const [filters, channels] = weight.shape as [number, number];
  // LibTorch itself refuses a wrong number of channels, with the shape that it was given.
  const isPlain = groups === 1 && channels === input.shape[1];
  return isPlain && filters % 16 !== 0 && needsDetour(input) ? 16 - (filters % 16) : 0;
}

/**
 * oneDNN 3.7 divides by zero, which ends the process, where it plans the gradient of the input for a strided 1×1 convolution with 1024
 * or more filters on a machine that does not tell the size of its caches, as virtual ones may. Such a convolution sees one pixel of
 * each square; on those pixels alone it has no stride.
 */
function skipsPixels(input: Tensor, weight: Tensor, stride: number, padding: number): boolean {
  const [, , height, width] = weight.shape;
  return stride > 1 && padding === 0 && height === 1 && width === 1 && needsDetour(input);
}

/** Cross-correlation of images [N,C,H,W] with a weight [O, C/groups, kH, kW]. */
export function conv2d(
  input: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  options: ConvolutionOptions = {},
): Tensor {
  const { stride = 1, padding = 0, dilation = 1, groups = 1 } = options;
  if (skipsPixels(input, weight, stride, padding)) {
    const [, , height, width] = input.shape as [number, number, number, number];
    const seen = input.slice(2, 0, height, stride).slice(3, 0, width, stride);
    return conv2d(seen, weight, bias, { ...options, stride: 1 });
  }
  const geometry = [[stride, stride], [padding, padding], [dilation, dilation], groups] as const;
  const missing = missingFilters(input, weight, groups);
  if (missing === 0) return conv2dOp(input, weight, bias, ...geometry);
  const [padded, paddedBias] = [pad(weight, [0, 0, 0, 0, 0, 0, 0, missing]), bias && pad(bias, [0, missing])];
  return conv2dOp(input, padded, paddedBias, ...geometry).slice(1, 0, weight.shape[0]!);
}
