// Operations of neural networks that have no state, beside convolution: normalisation, pooling, cross entropy.
import { callOperator, operator } from "./operator.js";
import type { Tensor } from "./tensor.js";

const linearOp = operator("linear");
const batchNormOp = operator("batch_norm");
const avgPoolOp = operator("avg_pool2d");
const adaptiveAvgPoolOp = operator("adaptive_avg_pool2d");
const maxPoolOp = operator("max_pool2d");
const padOp = operator("constant_pad_nd");
const layerNormOp = operator("layer_norm");
const geluOp = operator("gelu");
const oneHotOp = operator("one_hot");
const crossEntropyOp = operator("cross_entropy_loss");

/** input · weightᵀ + bias, with weight [out, in]. */
export function linear(input: Tensor, weight: Tensor, bias: Tensor | null): Tensor {
  return linearOp(input, weight, bias);
}

/** State and constants of a batch normalisation over dimension 1. */
export interface BatchNormArguments {
  readonly weight: Tensor | null;
  readonly bias: Tensor | null;
  /** Absent together with `runningVar`: statistics of the batch are used and none are kept. */
  readonly runningMean: Tensor | null;
  readonly runningVar: Tensor | null;
  /** Normalise by the batch's statistics and, where running ones are given, move these. */
  readonly training: boolean;
  readonly momentum: number;
  readonly eps: number;
}

/** Batch normalisation of [N, channels, …] as PyTorch computes it; in training it also moves the running statistics. */
export function batchNorm(input: Tensor, args: BatchNormArguments): Tensor {
  const { weight, bias, runningMean, runningVar, training, momentum, eps } = args;
  return batchNormOp(input, weight, bias, runningMean, runningVar, training, momentum, eps, true);
}

/** Normalises the last dimension [..., D] by its own mean and biased variance, then times `weight` [D] plus `bias` [D]. */
export function layerNorm(input: Tensor, weight: Tensor, bias: Tensor, eps: number): Tensor {
  return layerNormOp(input, weight.shape, weight, bias, eps);
}

/** x·Φ(x), with the exact distribution function (Hendrycks and Gimpel 2016). */
export function gelu(input: Tensor): Tensor {
  return geluOp(input);
}

/** Means of squares of `kernel`×`kernel` values of [N, channels, height, width], as PyTorch computes them. */
export function avgPool2d(input: Tensor, kernel: number, stride = kernel): Tensor {
  return avgPoolOp(input, [kernel, kernel], [stride, stride]);
}

/** Averages each channel of [N, channels, height, width] down to [N, channels, size, size]. */
export function adaptiveAvgPool2d(input: Tensor, size: number): Tensor {
  return adaptiveAvgPoolOp(input, [size, size]);
}

/** Maxima of squares of `kernel`×`kernel` values of [N, channels, height, width], as PyTorch computes them. */
export function maxPool2d(input: Tensor, kernel: number, stride = kernel, padding = 0): Tensor {
  return maxPoolOp(input, [kernel, kernel], [stride, stride], [padding, padding]);
}

/** Pads from the last dimension backwards: `[left, right, top, bottom]` for images. */
export function pad(input: Tensor, amounts: readonly number[], value = 0): Tensor {
  return padOp(input, amounts, value);
}

/** Labels (int64) to rows with a single 1, int64 [..., classes]. */
export function oneHot(labels: Tensor, classes: number): Tensor {
  return oneHotOp(labels, classes);
}

/** What is done with the losses of a batch: kept apart, averaged, or summed. */
export type Reduction = "none" | "mean" | "sum";

const reductions = { none: 0, mean: 1, sum: 2 } as const;

/** Options of `crossEntropy`. */
export interface CrossEntropyOptions {
  /** Per-class weights [C]; with reduction "mean" the mean is weighted, as in PyTorch. */
  readonly weight?: Tensor;
  readonly reduction?: Reduction;
  readonly labelSmoothing?: number;
}

/** −log softmax(logits)[label]: logits [N,C], labels int64 [N]; a scalar, or [N] with reduction "none". */
export function crossEntropy(logits: Tensor, labels: Tensor, options: CrossEntropyOptions = {}): Tensor {
  const { weight, reduction = "mean", labelSmoothing = 0 } = options;
  return crossEntropyOp(logits, labels, weight ?? null, reductions[reduction], -100, labelSmoothing);
}

/** Whether two tensors have the same shape and elements (NaN equals nothing). */
export function equal(a: Tensor, b: Tensor): boolean {
  return callOperator("equal", a, b) as boolean;
}
