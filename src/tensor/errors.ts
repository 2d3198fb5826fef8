// The errors of failed tensor operations: refused ones, exhausted memory, a failing GPU.
import { type ErrorCode, ReatError } from "../errors.js";
import { type MemoryShortage, memoryShortage } from "./memory-shortage.js";

/** An operation LibTorch or the binding refused: one sentence with the operator and the argument shapes. */
export class TensorError extends ReatError {
  override readonly name: string = "TensorError";

  constructor(message: string, options?: ErrorOptions, code: ErrorCode = "tensor") {
    super(code, message, options);
  }
}

/** Memory of the machine or of a GPU ran out in an operation; code `memory`. */
export class OutOfMemoryError extends TensorError {
  override readonly name = "OutOfMemoryError";

  constructor(
    message: string,
    readonly shortage: MemoryShortage,
    options?: ErrorOptions,
  ) {
    super(message, options, "memory");
  }
}

/** A GPU failed while it worked (CUDA, cuDNN or cuBLAS); code `device`. Nothing runs on it in this process any more. */
export class DeviceError extends TensorError {
  override readonly name = "DeviceError";

  constructor(message: string, options?: ErrorOptions) {
    super(message, options, "device");
  }
}

// What LibTorch appends for its own developers.
const advice =
  /\s*(CUDA kernel errors might be|For debugging consider|Compile with `?TORCH_USE_CUDA_DSA|Search for `?cuda).*$/s;

/** The error for what LibTorch said, told apart by its words. */
export function tensorError(message: string, options?: ErrorOptions): TensorError {
  const shortage = memoryShortage(message);
  if (shortage) return new OutOfMemoryError(message, shortage, options);
  if (/\b(CUDA|CUDA driver|cuDNN|CUBLAS|cuBLAS|CUFFT|cuSOLVER) error\b/i.test(message)) {
    return new DeviceError(message.replace(advice, ""), options);
  }
  return new TensorError(message, options);
}

/** Runs a native call, turning what it throws into a `TensorError`. */
export function asTensorError<T>(call: () => T): T {
  try {
    return call();
  } catch (cause) {
    if (cause instanceof ReatError) throw cause;
    throw tensorError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
