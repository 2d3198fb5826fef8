// Making tensors: from data, filled, counted, random.
import type { DType, TypedArray } from "./dtype.js";
import { carries, inferDType, pack } from "./dtype.js";
import { asTensorError, TensorError } from "./errors.js";
import type { Device } from "./handle.js";
import { native } from "./native.js";
import { operator, wrap } from "./operator.js";
import type { Generator } from "./random.js";
import type { Tensor } from "./tensor.js";

/** Where a new tensor lives and what it holds. */
export interface TensorOptions {
  /** Default: float32, or what the typed array stands for. */
  readonly dtype?: DType;
  /** Default: "cpu". */
  readonly device?: Device;
}

/** A number or truth value, or lists of them of equal lengths. */
export type Nested = number | boolean | readonly Nested[];

const fullOp = operator("full");
const emptyOp = operator("empty.memory_format");
const arangeOp = operator("arange.start_step");
const eyeOp = operator("eye");
const [zerosLikeOp, onesLikeOp] = [operator("zeros_like"), operator("ones_like")];
const fullLikeOp = operator("full_like");
const [randOp, randnOp] = [operator("rand.generator"), operator("randn.generator")];
const [randintOp, randpermOp] = [operator("randint.low_generator"), operator("randperm.generator")];
const [catOp, stackOp] = [operator("cat"), operator("stack")];

function flattenInto(data: Nested, depth: number, shape: number[], values: number[]): void {
  if (!Array.isArray(data)) {
    if (depth !== shape.length) throw new TensorError("Nested arrays must all have the same depth.");
    values.push(Number(data));
    return;
  }
  if (values.length === 0 && shape.length === depth) shape.push(data.length);
  if (data.length !== shape[depth]) {
    throw new TensorError(
      `Nested arrays must have equal lengths, got ${data.length} beside ${shape[depth]}.`,
    );
  }
  for (const element of data) flattenInto(element, depth + 1, shape, values);
}

/**
 * A tensor from a number, nested arrays, or a typed array with its shape (default: one dimension). Data is copied.
 * float16 and bfloat16 take a `Uint16Array` of their bits; any dtype takes a `Uint8Array` of raw bytes with `shape`.
 * @throws TensorError when lengths and shape disagree or the typed array does not carry the dtype
 */
export function tensor(
  data: Nested | TypedArray,
  options: TensorOptions & { readonly shape?: readonly number[] } = {},
): Tensor {
  const device = options.device ?? "cpu";
  if (ArrayBuffer.isView(data)) {
    const dtype = options.dtype ?? inferDType(data);
    const raw = data instanceof Uint8Array && options.shape !== undefined;
    if (!carries(data, dtype) && !raw) {
      throw new TensorError(`A ${dtype} tensor cannot be made from a ${data.constructor.name}.`);
    }
    const shape = options.shape ?? [data.length];
    return wrap(asTensorError(() => native().createTensor(data, dtype, shape, device)));
  }
  const shape: number[] = [];
  const values: number[] = [];
  flattenInto(data as Nested, 0, shape, values);
  const dtype = options.dtype ?? "float32";
  const viaFloat = dtype === "float16" || dtype === "bfloat16";
  const packed = pack(values, viaFloat ? "float32" : dtype);
  const handle = asTensorError(() =>
    native().createTensor(packed, viaFloat ? "float32" : dtype, options.shape ?? shape, device),
  );
  if (!viaFloat) return wrap(handle);
  using wide = wrap(handle);
  return wide.to(dtype);
}

/** A tensor of that shape with the same value everywhere. */
export function full(shape: readonly number[], value: number, options: TensorOptions = {}): Tensor {
  return fullOp(shape, value, options.dtype ?? "float32", null, options.device ?? "cpu");
}

/** A tensor of that shape with 0 everywhere. */
export function zeros(shape: readonly number[], options?: TensorOptions): Tensor {
  return full(shape, 0, options);
}

/** A tensor of that shape with 1 everywhere. */
export function ones(shape: readonly number[], options?: TensorOptions): Tensor {
  return full(shape, 1, options);
}

/** Uninitialised memory, to be overwritten. */
export function empty(shape: readonly number[], options: TensorOptions = {}): Tensor {
  return emptyOp(shape, options.dtype ?? "float32", null, options.device ?? "cpu");
}

/** start, start + step, … below `end`; int64 unless a dtype is named. */
export function arange(start: number, end: number, step = 1, options: TensorOptions = {}): Tensor {
  return arangeOp(start, end, step, options.dtype ?? "int64", null, options.device ?? "cpu");
}

/** The identity matrix. */
export function eye(size: number, options: TensorOptions = {}): Tensor {
  return eyeOp(size, options.dtype ?? "float32", null, options.device ?? "cpu");
}

/** Zeros of the same shape, dtype and device. */
export function zerosLike(like: Tensor): Tensor {
  return zerosLikeOp(like);
}

/** Ones of the same shape, dtype and device. */
export function onesLike(like: Tensor): Tensor {
  return onesLikeOp(like);
}

/** `value` throughout, of the same shape, dtype and device. */
export function fullLike(like: Tensor, value: number): Tensor {
  return fullLikeOp(like, value);
}

/** Uniform in [0, 1), on the generator's device. */
export function rand(shape: readonly number[], generator: Generator, dtype: DType = "float32"): Tensor {
  return randOp(shape, generator, dtype, null, generator.device);
}

/** Standard normal, on the generator's device. */
export function randn(shape: readonly number[], generator: Generator, dtype: DType = "float32"): Tensor {
  return randnOp(shape, generator, dtype, null, generator.device);
}

/** Integers from `low` to `high` − 1, int64, on the generator's device. */
export function randint(low: number, high: number, shape: readonly number[], generator: Generator): Tensor {
  return randintOp(low, high, shape, generator, "int64", null, generator.device);
}

/** A random order of 0 … count−1, int64, on the generator's device. */
export function randperm(count: number, generator: Generator): Tensor {
  return randpermOp(count, generator, "int64", null, generator.device);
}

/** Joins tensors along an existing dimension. */
export function cat(tensors: readonly Tensor[], dim = 0): Tensor {
  return catOp(tensors, dim);
}

/** Joins tensors of one shape along a new dimension. */
export function stack(tensors: readonly Tensor[], dim = 0): Tensor {
  return stackOp(tensors, dim);
}
