// Writes the few kinds of Python values that torch.load reads with weights_only: pickles of protocol 2.
import { ReatError } from "../../errors.js";
import type { DType } from "../../tensor/index.js";
import type { StoredTensor } from "../../training/index.js";

/** Texts, numbers, truth values, None, lists, dictionaries (maps, in their order) and tensors. */
export type PythonValue =
  | string
  | number
  | boolean
  | null
  | readonly PythonValue[]
  | ReadonlyMap<string, PythonValue>
  | StoredTensor;

const storageTypes: Partial<Record<DType, string>> = {
  float32: "FloatStorage",
  float64: "DoubleStorage",
  float16: "HalfStorage",
  bfloat16: "BFloat16Storage",
  int64: "LongStorage",
};

const opcode = {
  protocol2: Buffer.from([0x80, 2]),
  stop: Buffer.from("."),
  mark: Buffer.from("("),
  tuple: Buffer.from("t"),
  emptyTuple: Buffer.from(")"),
  emptyList: Buffer.from("]"),
  appends: Buffer.from("e"),
  emptyDictionary: Buffer.from("}"),
  setItems: Buffer.from("u"),
  call: Buffer.from("R"),
  persistent: Buffer.from("Q"),
  none: Buffer.from("N"),
  true: Buffer.from([0x88]),
  false: Buffer.from([0x89]),
};

/** A pickle, and the elements of the tensors in it by the keys under which it refers to them. */
export interface Pickle {
  readonly bytes: Buffer;
  readonly storages: ReadonlyMap<string, Uint8Array>;
}

/** @throws ReatError `config` for a number or element type that is not written */
export function writePickle(value: PythonValue): Pickle {
  const parts: Buffer[] = [opcode.protocol2];
  const storages = new Map<string, Uint8Array>();
  write(value, parts, storages);
  parts.push(opcode.stop);
  return { bytes: Buffer.concat(parts), storages };
}

function write(value: PythonValue, parts: Buffer[], storages: Map<string, Uint8Array>): void {
  if (value === null) parts.push(opcode.none);
  else if (typeof value === "boolean") parts.push(value ? opcode.true : opcode.false);
  else if (typeof value === "string") parts.push(text(value));
  else if (typeof value === "number") parts.push(Number.isInteger(value) ? integer(value) : float(value));
  else if (value instanceof Map) {
    parts.push(opcode.emptyDictionary, opcode.mark);
    for (const [key, inside] of value) {
      parts.push(text(key));
      write(inside, parts, storages);
    }
    parts.push(opcode.setItems);
  } else if (isTensor(value)) writeTensor(value, parts, storages);
  else {
    parts.push(opcode.emptyList, opcode.mark);
    for (const inside of value as readonly PythonValue[]) write(inside, parts, storages);
    parts.push(opcode.appends);
  }
}

function isTensor(value: PythonValue): value is StoredTensor {
  return typeof value === "object" && value !== null && "bytes" in value;
}

/** torch._utils._rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, hooks). */
function writeTensor(tensor: StoredTensor, parts: Buffer[], storages: Map<string, Uint8Array>): void {
  const { dtype, shape, bytes } = tensor;
  const storageType = storageTypes[dtype];
  if (!storageType) throw new ReatError("config", `A tensor of ${dtype} is not written for PyTorch.`);
  const key = String(storages.size);
  storages.set(key, bytes);
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
  const count = shape.reduce((product, size) => product * size, 1);
  const tuple = (numbers: readonly number[]) => [opcode.mark, ...numbers.map(integer), opcode.tuple];
  parts.push(
    ...[named("torch._utils", "_rebuild_tensor_v2"), opcode.mark],
    ...[opcode.mark, text("storage"), named("torch", storageType)],
    ...[text(key), text("cpu"), integer(count), opcode.tuple, opcode.persistent],
    ...[integer(0), ...tuple(shape), ...tuple(strides), opcode.false],
    ...[named("collections", "OrderedDict"), opcode.emptyTuple, opcode.call],
    ...[opcode.tuple, opcode.call],
  );
}

function named(module: string, name: string): Buffer {
  return Buffer.from(`c${module}\n${name}\n`);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, "utf8");
  const head = Buffer.from("X\0\0\0\0", "latin1");
  head.writeUInt32LE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

function integer(value: number): Buffer {
  if (Math.abs(value) >= 2 ** 31) throw new ReatError("config", `${value} is too large for a count.`);
  const bytes = Buffer.from("J\0\0\0\0", "latin1");
  bytes.writeInt32LE(value, 1);
  return bytes;
}

function float(value: number): Buffer {
  const bytes = Buffer.from("G\0\0\0\0\0\0\0\0", "latin1");
  bytes.writeDoubleBE(value, 1);
  return bytes;
}
