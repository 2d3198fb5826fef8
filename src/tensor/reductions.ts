// Reductions over dimensions: sums, extrema, norms, softmax.
import { TensorArithmetic } from "./arithmetic.js";
import { dispatchTensor as operator, dispatchTensors as operatorMany } from "./dispatch.js";
import type { TensorHandle } from "./handle.js";

/** Dimensions to reduce; all of them when absent. Negative ones count from the end. */
export type Dims = number | readonly number[];

/** Values and where along the dimension they stand (int64). */
export interface IndexedTensors<T extends TensorHandle> {
  readonly values: T;
  readonly indices: T;
}

const sumAll = operator("sum");
const sumDims = operator("sum.dim_IntList");
const meanAll = operator("mean");
const meanDims = operator("mean.dim");
const [amax, amin] = [operator("amax"), operator("amin")];
const [argmax, argmin] = [operator("argmax"), operator("argmin")];
const [maxDim, minDim] = [operatorMany("max.dim"), operatorMany("min.dim")];
const [sort, topk] = [operatorMany("sort"), operatorMany("topk")];
const vectorNorm = operator("linalg_vector_norm");
const variance = operator("var.correction");
const [softmax, logSoftmax] = [operator("softmax.int"), operator("log_softmax.int")];
const logsumexp = operator("logsumexp");
const [anyAll, allAll] = [operator("any"), operator("all")];
const cumsum = operator("cumsum");
const bincount = operator("bincount");

function list(dims: Dims): readonly number[] {
  return typeof dims === "number" ? [dims] : dims;
}

function indexed<T extends TensorHandle>([values, indices]: T[]): IndexedTensors<T> {
  return { values, indices };
}

/** Reductions. With `keepDim` the reduced dimensions stay, of size 1. `Self` stands for `Tensor`. */
export class TensorReductions<Self extends TensorHandle> extends TensorArithmetic<Self> {
  sum(dims?: Dims, keepDim = false): Self {
    return dims === undefined ? sumAll(this) : sumDims(this, list(dims), keepDim);
  }

  mean(dims?: Dims, keepDim = false): Self {
    return dims === undefined ? meanAll(this) : meanDims(this, list(dims), keepDim);
  }

  amax(dims: Dims = [], keepDim = false): Self {
    return amax(this, list(dims), keepDim);
  }

  amin(dims: Dims = [], keepDim = false): Self {
    return amin(this, list(dims), keepDim);
  }

  /** Index of the largest element along `dim`, int64. */
  argmax(dim: number, keepDim = false): Self {
    return argmax(this, dim, keepDim);
  }

  argmin(dim: number, keepDim = false): Self {
    return argmin(this, dim, keepDim);
  }

  max(dim: number, keepDim = false): IndexedTensors<Self> {
    return indexed(maxDim(this, dim, keepDim));
  }

  min(dim: number, keepDim = false): IndexedTensors<Self> {
    return indexed(minDim(this, dim, keepDim));
  }

  sort(dim = -1, descending = false): IndexedTensors<Self> {
    return indexed(sort(this, dim, descending));
  }

  /** The `count` largest elements along `dim`, largest first. */
  topk(count: number, dim = -1): IndexedTensors<Self> {
    return indexed(topk(this, count, dim));
  }

  /** The vector norm of the given order (2, 1, Infinity …). */
  norm(order: number, dims?: Dims, keepDim = false): Self {
    return vectorNorm(this, order, dims === undefined ? null : list(dims), keepDim);
  }

  variance(dims: Dims, { correction = 1, keepDim = false } = {}): Self {
    return variance(this, list(dims), correction, keepDim);
  }

  softmax(dim: number): Self {
    return softmax(this, dim);
  }

  logSoftmax(dim: number): Self {
    return logSoftmax(this, dim);
  }

  logSumExp(dims: Dims, keepDim = false): Self {
    return logsumexp(this, list(dims), keepDim);
  }

  any(): Self {
    return anyAll(this);
  }

  all(): Self {
    return allAll(this);
  }

  cumsum(dim: number): Self {
    return cumsum(this, dim);
  }

  /** How often each of 0 … length−1 occurs in this one-dimensional integer tensor, int64. */
  bincount(length: number): Self {
    return bincount(this, null, length);
  }
}
