// The call of a LibTorch operator below the class Tensor: handles go in, and results are made by whatever class registered.
import { tensorError } from "./errors.js";
import { TensorHandle } from "./handle.js";
import type { NativeResult, OperatorInfo } from "./native.js";
import { native } from "./native.js";
import { Generator } from "./random.js";

/** What an operator takes: dtypes and memory formats go by name, `undefined` means the schema's default. */
export type Argument =
  | TensorHandle
  | Generator
  | number
  | boolean
  | string
  | null
  | undefined
  | readonly (TensorHandle | number | boolean | null)[];

type AnyResult = TensorHandle | number | boolean | string | null | AnyResult[];

let construct: (handle: number) => TensorHandle;

/** @internal `Tensor` registers itself here; importing it would be a circle. All results are then of that class. */
export function constructWith(make: (handle: number) => TensorHandle): void {
  construct = make;
}

/** @internal A tensor for a handle that the addon returned. */
export function wrapHandle(handle: number): TensorHandle {
  return construct(handle);
}

/** One call as it was made: name with overload, arguments, result; of an operator in place, the result is the first argument. */
export interface RecordedCall {
  readonly name: string;
  readonly args: readonly Argument[];
  readonly result: unknown;
}

let recorder: ((call: RecordedCall) => void) | undefined;

/**
 * Runs `body` and shows every call of an operator to `record`, right after it was made, while its tensors live. What LibTorch
 * calls by itself, gradients among it, is not shown.
 */
export function recordOperators<T>(record: (call: RecordedCall) => void, body: () => T): T {
  const before = recorder;
  recorder = record;
  try {
    return body();
  } finally {
    recorder = before;
  }
}

/** Makes a call, and shows it to whoever records. `args` is overwritten. */
function perform<T>(name: string, info: OperatorInfo, args: Argument[], made: (value: NativeResult) => T): T {
  const first = args[0];
  const shown = recorder && [...args];
  const value = invoke(info, args);
  const result = info.inPlace ? (first as T) : made(value);
  if (shown) recorder?.({ name, args: shown, result });
  return result;
}

const known = new Map<string, OperatorInfo>();

/** Looks an operator up, such as "conv2d" or "add.Tensor" (namespace `aten` unless one is named with `::`). */
function find(name: string): OperatorInfo {
  const full = name.includes("::") ? name : `aten::${name}`;
  const dot = full.indexOf(".");
  let info: OperatorInfo;
  try {
    info = native().findOperator(dot < 0 ? full : full.slice(0, dot), dot < 0 ? "" : full.slice(dot + 1));
  } catch (cause) {
    throw asError(cause);
  }
  known.set(name, info);
  return info;
}

function asError(cause: unknown): Error {
  if (cause instanceof Error && "code" in cause) return cause;
  return tensorError(cause instanceof Error ? cause.message : String(cause), { cause });
}

function invoke(info: OperatorInfo, args: Argument[]): NativeResult {
  let handleBits = 0;
  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    if (typeof arg !== "object" || arg === null) continue;
    if (arg instanceof TensorHandle || arg instanceof Generator) {
      args[i] = arg._handle;
      handleBits |= 1 << i;
    } else if (Array.isArray(arg) && arg.some((element) => element instanceof TensorHandle)) {
      args[i] = arg.map((element) => (element instanceof TensorHandle ? element._handle : element));
      handleBits |= 1 << i;
    }
  }
  try {
    return native().call(info.index, handleBits, ...args);
  } catch (cause) {
    throw asError(cause);
  }
}

function toResult(value: NativeResult, info: OperatorInfo): AnyResult {
  if (Array.isArray(value)) return value.map((element) => toResult(element, info));
  if (typeof value === "number" && info.tensors) return construct(value);
  return value ?? null;
}

/** See `callOperator`. */
export function dispatch(name: string, ...args: Argument[]): AnyResult {
  const info = known.get(name) ?? find(name);
  return perform(name, info, args, (value) => toResult(value, info));
}

const oneTensor = (value: NativeResult): TensorHandle => construct(value as number);
const severalTensors = (value: NativeResult): TensorHandle[] => (value as number[]).map(construct);

/** A function for an operator with one tensor as result, which the caller's context types; looked up on the first call. */
export function dispatchTensor(name: string): <T extends TensorHandle>(...args: Argument[]) => T {
  let info: OperatorInfo | undefined;
  return <T extends TensorHandle>(...args: Argument[]) => {
    info ??= find(name);
    return perform(name, info, args, oneTensor) as T;
  };
}

/** A function for an operator with several tensors (or a list of them) as result. */
export function dispatchTensors(name: string): <T extends TensorHandle>(...args: Argument[]) => T[] {
  let info: OperatorInfo | undefined;
  return <T extends TensorHandle>(...args: Argument[]) => {
    info ??= find(name);
    return perform(name, info, args, severalTensors) as T[];
  };
}
