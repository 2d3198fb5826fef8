// The error of every failed tensor operation.
import { ReatError } from "../errors.js";

/** An operation LibTorch or the binding refused: one sentence with the operator and the argument shapes. */
export class TensorError extends ReatError {
  override readonly name = "TensorError";

  constructor(message: string, options?: ErrorOptions) {
    super("tensor", message, options);
  }
}

/** Runs a native call, turning what it throws into a `TensorError`. */
export function asTensorError<T>(call: () => T): T {
  try {
    return call();
  } catch (cause) {
    if (cause instanceof ReatError) throw cause;
    throw new TensorError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
