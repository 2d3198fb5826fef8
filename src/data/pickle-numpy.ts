// The few names that NumPy puts into pickles of arrays, and what each rebuilds. Every other name is refused.
import type { Pickled } from "./pickle.js";

/** A name from a Python module, as written in the file; only {@link rebuild} decides which have a meaning. */
export class PickledGlobal {
  constructor(readonly name: string) {}
}

/** An array of bytes or integers, `shape` in C order. */
export interface PickledArray {
  readonly shape: readonly number[];
  readonly data: Uint8Array | Float64Array;
}

export interface RebuildContext {
  fail(what: string): never;
}

/** A NumPy object under construction: an array or the element type of one. */
export class ArrayConstructor {
  kind = "";
  order: "<" | ">" = "<";
  array: PickledArray | undefined;

  constructor(readonly what: "array" | "dtype") {}

  /** Applies the state that a pickle hands to `__setstate__`. */
  setState(state: Pickled, context: RebuildContext): void {
    if (!Array.isArray(state)) context.fail("a NumPy object has no readable state");
    if (this.what === "dtype") {
      this.order = state[1] === ">" ? ">" : "<";
      return;
    }
    const [, shape, dtype, fortran, data] = state;
    this.array = makeArray(data!, dtype!, shape!, fortran === true, context);
  }
}

/** What calling `callee` with `args` builds, for the callables that appear in NumPy's pickles. */
export function rebuild(callee: Pickled, args: Pickled, context: RebuildContext): Pickled {
  if (!(callee instanceof PickledGlobal) || !Array.isArray(args))
    context.fail("it calls something that has no name");
  // NumPy 2 moved numpy.core to numpy._core.
  switch (callee.name.replace("numpy._core.", "numpy.core.")) {
    case "numpy.core.multiarray._reconstruct":
      return new ArrayConstructor("array");
    case "numpy.dtype": {
      const dtype = new ArrayConstructor("dtype");
      dtype.kind = String(args[0]);
      return dtype;
    }
    case "numpy.core.numeric._frombuffer": {
      const [data, dtype, shape, order] = args;
      const built = new ArrayConstructor("array");
      built.array = makeArray(data!, dtype!, shape!, order === "F", context);
      return built;
    }
    case "_codecs.encode":
      // Protocol 2 written by Python 3 spells bytes as latin-1 text to be encoded.
      if (args[1] !== "latin1" || typeof args[0] !== "string")
        context.fail("it encodes text other than as latin-1");
      return Buffer.from(args[0], "latin1");
    default:
      return context.fail(
        `it wants to call ${callee.name}, which is refused; only arrays of bytes and integers are read`,
      );
  }
}

const WIDTHS: Readonly<Record<string, number>> = {
  u1: 1,
  i1: 1,
  u2: 2,
  i2: 2,
  u4: 4,
  i4: 4,
  u8: 8,
  i8: 8,
  b1: 1,
};

function makeArray(
  data: Pickled,
  dtype: Pickled,
  shape: Pickled,
  fortran: boolean,
  context: RebuildContext,
): PickledArray {
  if (!(dtype instanceof ArrayConstructor) || !(dtype.kind in WIDTHS)) {
    const kind = dtype instanceof ArrayConstructor ? dtype.kind : "unknown";
    context.fail(`an array has elements of type "${kind}"; accepted: ${Object.keys(WIDTHS).join(", ")}`);
  }
  const bytes = typeof data === "string" ? Buffer.from(data, "latin1") : data;
  if (!(bytes instanceof Uint8Array) || !Array.isArray(shape))
    context.fail("an array has no readable contents");
  const sizes = shape.map(Number);
  const count = sizes.reduce((n, size) => n * size, 1);
  const width = WIDTHS[dtype.kind]!;
  if (bytes.length !== count * width) {
    context.fail(
      `an array of shape [${sizes.join(", ")}] should have ${count * width} bytes and has ${bytes.length}`,
    );
  }
  const values = dtype.kind === "u1" || dtype.kind === "b1" ? bytes : widen(bytes, dtype, width, count);
  return { shape: sizes, data: fortran && sizes.length > 1 ? toCOrder(values, sizes) : values };
}

function widen(
  bytes: Uint8Array,
  { kind, order }: ArrayConstructor,
  width: number,
  count: number,
): Float64Array {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const at = i * width;
    if (width === 8) {
      const word = order === "<" ? view.readBigInt64LE(at) : view.readBigInt64BE(at);
      values[i] = Number(kind === "u8" ? BigInt.asUintN(64, word) : word);
    } else if (kind.startsWith("u")) {
      values[i] = order === "<" ? view.readUIntLE(at, width) : view.readUIntBE(at, width);
    } else {
      values[i] = order === "<" ? view.readIntLE(at, width) : view.readIntBE(at, width);
    }
  }
  return values;
}

function toCOrder(values: Uint8Array | Float64Array, shape: readonly number[]): Uint8Array | Float64Array {
  // Not slice(): a Buffer's would share the memory that is read from.
  const result =
    values instanceof Float64Array ? new Float64Array(values.length) : new Uint8Array(values.length);
  const position = shape.map(() => 0);
  for (let i = 0; i < values.length; i++) {
    let from = 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) from = from * shape[axis]! + position[axis]!;
    result[i] = values[from]!;
    for (let axis = shape.length - 1; axis >= 0 && ++position[axis]! === shape[axis]!; axis--)
      position[axis] = 0;
  }
  return result;
}
