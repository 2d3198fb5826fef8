// The generic call of any LibTorch operator by name: tensors in, tensors out.
import { type Argument, dispatch, dispatchTensor, dispatchTensors, wrapHandle } from "./dispatch.js";
import type { Tensor } from "./tensor.js";

export { type Argument, type RecordedCall, recordOperators } from "./dispatch.js";

/** What an operator returns: a list where its schema has several results or a list of tensors. */
export type Result = Tensor | number | boolean | string | null | Result[];

/** @internal A tensor for a handle that the addon returned. */
export function wrap(handle: number): Tensor {
  return wrapHandle(handle) as Tensor;
}

/**
 * Calls any operator with positional arguments. Its name is such as "conv2d" or "add.Tensor" (namespace `aten` unless
 * one is named with `::`). In-place operators return their first argument.
 * @throws TensorError with the operator and the argument shapes when LibTorch refuses the call.
 */
export function callOperator(name: string, ...args: Argument[]): Result {
  return dispatch(name, ...args) as Result;
}

/** A function for an operator with one tensor as result; it is looked up on the first call. */
export const operator: (name: string) => (...args: Argument[]) => Tensor = dispatchTensor;

/** A function for an operator with several tensors (or a list of them) as result. */
export const operatorMany: (name: string) => (...args: Argument[]) => Tensor[] = dispatchTensors;
