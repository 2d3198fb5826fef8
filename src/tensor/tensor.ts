// The tensor: shape, indexing, matrix products and conversion on top of arithmetic and reductions.

import { constructWith, dispatchTensor as operator, dispatchTensors as operatorMany } from "./dispatch.js";
import type { DType } from "./dtype.js";
import type { Device } from "./handle.js";
import { type IndexedTensors, TensorReductions } from "./reductions.js";

/** A tensor, broadcast as in PyTorch, or a number. */
export type Operand = Tensor | number;

/** Values and where along the dimension they stand (int64). */
export type Indexed = IndexedTensors<Tensor>;

/** How elements lie in memory: `contiguous` is N,C,H,W order; `channelsLast` is N,H,W,C order of the same shape. */
export type MemoryFormat = "contiguous" | "channelsLast" | "preserve";

const [matmul, mm] = [operator("matmul"), operator("mm")];
const [transpose, permute, reshape] = [operator("transpose.int"), operator("permute"), operator("reshape")];
const [squeeze, unsqueeze, flatten] = [
  operator("squeeze.dim"),
  operator("unsqueeze"),
  operator("flatten.using_ints"),
];
const [expand, slice, select] = [operator("expand"), operator("slice.Tensor"), operator("select.int")];
const [indexSelect, gather] = [operator("index_select"), operator("gather")];
const [scatter, scatterAdd] = [operator("scatter.value"), operator("scatter_add")];
const indexCopyInPlace = operator("index_copy_");
const indexAdd = operator("index_add");
const [maskedSelect, nonzero] = [operator("masked_select"), operator("nonzero")];
const indexTensors = operator("index.Tensor");
const indexPutInPlace = operator("index_put_");
const [flip, roll, repeat] = [operator("flip"), operator("roll"), operator("repeat")];
const [detach, clone, contiguous] = [operator("detach"), operator("clone"), operator("contiguous")];
const toDType = operator("to.dtype");
const toDevice = operator("to.device");
const split = operatorMany("split.Tensor");
const triu = operator("triu");

/**
 * An n-dimensional array in LibTorch's memory. Names and semantics follow PyTorch; methods ending in `_` change the
 * tensor in place. Native memory is freed by the innermost `scope`, by `using`, or by `dispose`.
 * Every operation throws `TensorError`, naming the operator and the shapes, when LibTorch refuses it.
 */
export class Tensor extends TensorReductions<Tensor> {
  /** Matrix product, batched and broadcast as in PyTorch. */
  matmul(other: Tensor): Tensor {
    return matmul(this, other);
  }

  /** Product of two matrices. */
  mm(other: Tensor): Tensor {
    return mm(this, other);
  }

  /** The transposed matrix. */
  t(): Tensor {
    return transpose(this, 0, 1);
  }

  transpose(first: number, second: number): Tensor {
    return transpose(this, first, second);
  }

  permute(dims: readonly number[]): Tensor {
    return permute(this, dims);
  }

  /** One size may be −1. */
  reshape(shape: readonly number[]): Tensor {
    return reshape(this, shape);
  }

  flatten(start = 0, end = -1): Tensor {
    return flatten(this, start, end);
  }

  squeeze(dim: number): Tensor {
    return squeeze(this, dim);
  }

  unsqueeze(dim: number): Tensor {
    return unsqueeze(this, dim);
  }

  expand(shape: readonly number[]): Tensor {
    return expand(this, shape);
  }

  repeat(times: readonly number[]): Tensor {
    return repeat(this, times);
  }

  /** Elements start … end−1 along `dim`, a view. */
  slice(dim: number, start: number, end: number, step = 1): Tensor {
    return slice(this, dim, start, end, step);
  }

  /** One index along `dim`, which disappears; a view. */
  select(dim: number, index: number): Tensor {
    return select(this, dim, index);
  }

  /** Views of `size` elements along `dim`; the last may be shorter. */
  split(size: number, dim = 0): Tensor[] {
    return split(this, size, dim);
  }

  /** The entries at `index` (int64, one-dimensional) along `dim`. */
  indexSelect(dim: number, index: Tensor): Tensor {
    return indexSelect(this, dim, index);
  }

  /** Advanced indexing: one int64 or bool tensor for each dimension, `null` for all of it. */
  index(indices: readonly (Tensor | null)[]): Tensor {
    return indexTensors(this, indices);
  }

  indexPut_(indices: readonly (Tensor | null)[], values: Tensor, accumulate = false): this {
    return indexPutInPlace(this, indices, values, accumulate);
  }

  indexCopy_(dim: number, index: Tensor, source: Tensor): this {
    return indexCopyInPlace(this, dim, index, source);
  }

  indexAdd(dim: number, index: Tensor, source: Tensor): Tensor {
    return indexAdd(this, dim, index, source);
  }

  gather(dim: number, index: Tensor): Tensor {
    return gather(this, dim, index);
  }

  scatter(dim: number, index: Tensor, value: number): Tensor {
    return scatter(this, dim, index, value);
  }

  scatterAdd(dim: number, index: Tensor, source: Tensor): Tensor {
    return scatterAdd(this, dim, index, source);
  }

  maskedSelect(mask: Tensor): Tensor {
    return maskedSelect(this, mask);
  }

  /** Indices of the elements that are not zero, int64, one row for each element. */
  nonzero(): Tensor {
    return nonzero(this);
  }

  flip(dims: readonly number[]): Tensor {
    return flip(this, dims);
  }

  roll(shifts: readonly number[], dims: readonly number[]): Tensor {
    return roll(this, shifts, dims);
  }

  triu(diagonal = 0): Tensor {
    return triu(this, diagonal);
  }

  /** The same elements, outside the recorded graph. */
  detach(): Tensor {
    return detach(this);
  }

  clone(): Tensor {
    return clone(this);
  }

  contiguous(format: MemoryFormat = "contiguous"): Tensor {
    return contiguous(this, format);
  }

  /** Converted to another dtype or moved to another device. Returns a tensor sharing memory when nothing changes. */
  to(target: DType | Device): Tensor {
    if (target !== "cpu" && !target.startsWith("cuda")) return toDType(this, target);
    return toDevice(this, target, this.dtype);
  }
}

constructWith((handle) => new Tensor(handle));
