// A tensor's identity: its native handle, facts, data and lifetime, without any mathematics.
import type { DType, TypedArray } from "./dtype.js";
import { carries, viewAs } from "./dtype.js";
import { asTensorError, TensorError } from "./errors.js";
import { adopt, forget, type OwnedTensor } from "./lifetime.js";
import { native } from "./native.js";

/** "cpu", "cuda" (the current device) or "cuda:N". */
export type Device = "cpu" | "cuda" | `cuda:${number}`;

/** The part of `Tensor` that owns native memory. */
export class TensorHandle implements OwnedTensor {
  /** @internal Handle in the addon's table. */
  readonly _handle: number;
  /** @internal Set by `keep`: scopes leave the tensor alone. */
  _kept = false;
  /** @internal The collector's backstop knows the tensor. */
  _collected = false;
  #shape: readonly number[] | undefined;
  #disposed = false;

  /** @internal Tensors are made by the creation functions and by operations. */
  constructor(handle: number) {
    this._handle = handle;
    adopt(this);
  }

  /** Sizes of the dimensions; `[]` for a scalar. */
  get shape(): readonly number[] {
    this.#shape ??= asTensorError(() => native().shape(this._handle));
    return this.#shape;
  }

  get ndim(): number {
    return this.shape.length;
  }

  /** Number of elements. */
  get size(): number {
    return this.shape.reduce((product, size) => product * size, 1);
  }

  get dtype(): DType {
    return asTensorError(() => native().dtype(this._handle)) as DType;
  }

  get device(): Device {
    return asTensorError(() => native().device(this._handle)) as Device;
  }

  /** Whether operations on this tensor are recorded for `grad`. */
  get requiresGrad(): boolean {
    return asTensorError(() => native().requiresGrad(this._handle));
  }

  /** Switches recording for this leaf tensor and returns it. */
  requiresGrad_(requiresGrad = true): this {
    asTensorError(() => native().setRequiresGrad(this._handle, requiresGrad));
    return this;
  }

  /** The only element as a number (booleans as 0 or 1). Waits for the device. @throws TensorError unless size is 1. */
  item(): number {
    return Number(asTensorError(() => native().item(this._handle)));
  }

  /** The elements in C order, copied. Waits for the device. float16 and bfloat16 come as their bits. */
  toTypedArray(): TypedArray {
    return viewAs(
      asTensorError(() => native().readTensor(this._handle)),
      this.dtype,
    );
  }

  /** The elements in C order as plain numbers. */
  toArray(): number[] {
    const dtype = this.dtype;
    if (dtype === "float16" || dtype === "bfloat16") {
      throw new TensorError(`A ${dtype} tensor is read as numbers through to("float32").`);
    }
    return Array.from(this.toTypedArray(), Number);
  }

  /** Overwrites the elements with those of `data`, which must carry this dtype or be the raw bytes. */
  write_(data: ArrayBufferView): this {
    if (!(data instanceof Uint8Array) && !carries(data, this.dtype)) {
      throw new TensorError(`A ${this.dtype} tensor cannot be written from a ${data.constructor.name}.`);
    }
    asTensorError(() => native().writeTensor(this._handle, data));
    return this;
  }

  get isDisposed(): boolean {
    return this.#disposed;
  }

  /** Releases the native memory now. A second call does nothing; any other use afterwards throws `TensorError`. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    forget(this);
    native().dispose(this._handle);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  toString(): string {
    return this.#disposed ? "Tensor(disposed)" : `Tensor(${this.dtype}[${this.shape.join(",")}])`;
  }
}
