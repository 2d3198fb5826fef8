// The few names that NumPy puts into pickles of arrays, and what each rebuilds. Every other name is refused.
import { type PickleContext, type Pickled, PickledObject, type PickleVocabulary } from "./vocabulary.js";

/** An array of bytes or integers, `shape` in C order. */
export interface PickledArray {
  readonly shape: readonly number[];
  readonly data: Uint8Array | Float64Array;
}

/** A NumPy object under construction: an array or the element type of one. */
export class ArrayConstructor extends PickledObject {
  kind = "";
  order: "<" | ">" = "<";
  array: PickledArray | undefined;

  constructor(readonly what: "array" | "dtype") {
    super();
  }

  override setState(state: Pickled, context: PickleContext): void {
    if (!Array.isArray(state)) context.fail("a NumPy object has no readable state");
    if (this.what === "dtype") {
      this.order = state[1] === ">" ? ">" : "<";
      return;
    }
    const [, shape, dtype, fortran, data] = state;
    this.array = makeArray(data!, dtype!, shape!, fortran === true, context);
  }
}

/** NumPy's own array pickles, from Python 2 and 3, NumPy 1 and 2. */
export const numpyVocabulary: PickleVocabulary = { call: rebuild };

function rebuild(name: string, args: readonly Pickled[], context: PickleContext): Pickled {
  // NumPy 2 moved numpy.core to numpy._core.
  switch (name.replace("numpy._core.", "numpy.core.")) {
    case "numpy.core.multiarray._reconstruct":
      return new ArrayConstructor("array");
    case "numpy.dtype": {
      const dtype = new ArrayConstructor("dtype");
      dtype.kind = typeof args[0] === "string" ? args[0] : "unknown";
      return dtype;
    }
    case "numpy.core.numeric._frombuffer": {
      const [data, dtype, shape, order] = args;
      const built = new ArrayConstructor("array");
      built.array = makeArray(data!, dtype!, shape!, order === "F", context);
      return built;
    }
    case "_codecs.encode":
      return encodeLatin1(args, context);
    default:
      return context.fail(
        `it wants to call ${name}, which is refused; only arrays of bytes and integers are read`,
      );
  }
}

/** Protocol 2 written by Python 3 spells bytes as latin-1 text to be encoded. */
export function encodeLatin1([text, encoding]: readonly Pickled[], context: PickleContext): Uint8Array {
  if (encoding !== "latin1" || typeof text !== "string")
    context.fail("it encodes text other than as latin-1");
  return Buffer.from(text, "latin1");
}

const widths: Readonly<Record<string, number>> = {
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
  context: PickleContext,
): PickledArray {
  if (!(dtype instanceof ArrayConstructor) || !Object.hasOwn(widths, dtype.kind)) {
    const kind = dtype instanceof ArrayConstructor ? dtype.kind : "unknown";
    context.fail(`an array has elements of type "${kind}"; accepted: ${Object.keys(widths).join(", ")}`);
  }
  const bytes = typeof data === "string" ? Buffer.from(data, "latin1") : data;
  if (!(bytes instanceof Uint8Array) || !Array.isArray(shape))
    context.fail("an array has no readable contents");
  const sizes = shape.filter((size) => Number.isSafeInteger(size) && Number(size) >= 0) as number[];
  if (sizes.length !== shape.length || sizes.length > 32) context.fail("an array has no readable shape");
  const count = sizes.reduce((n, size) => n * size, 1);
  const width = widths[dtype.kind]!;
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
