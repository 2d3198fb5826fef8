// Element types of tensors and the typed arrays that carry them.

/** Element types. `float16` and `bfloat16` travel as `Uint16Array` of their bits, `bool` as `Uint8Array` of 0 and 1. */
export type DType =
  | "float32"
  | "float64"
  | "float16"
  | "bfloat16"
  | "int64"
  | "int32"
  | "int16"
  | "int8"
  | "uint8"
  | "bool";

/** The typed arrays whose elements a tensor can take or give. */
export type TypedArray =
  | Float32Array
  | Float64Array
  | Uint16Array
  | BigInt64Array
  | Int32Array
  | Int16Array
  | Int8Array
  | Uint8Array;

const arrayTypes = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  int64: BigInt64Array,
  int32: Int32Array,
  int16: Int16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const;

/** All element types, for checks of input from outside. */
export const dtypes = Object.keys(arrayTypes) as readonly DType[];

/** Bytes of one element. */
export function elementSize(dtype: DType): number {
  return arrayTypes[dtype].BYTES_PER_ELEMENT;
}

/** Views a buffer of elements as the typed array of `dtype`. */
export function viewAs(buffer: ArrayBuffer, dtype: DType): TypedArray {
  return new arrayTypes[dtype](buffer);
}

/** Whether `array` is the kind of typed array that carries `dtype`. */
export function carries(array: ArrayBufferView, dtype: DType): boolean {
  if (!(dtype in arrayTypes)) {
    throw new TypeError(`unknown dtype "${dtype}"; known are ${dtypes.join(", ")}`);
  }
  return array instanceof arrayTypes[dtype];
}

/** The dtype a typed array stands for when none is named. */
export function inferDType(array: TypedArray): DType {
  if (array instanceof Float32Array) return "float32";
  if (array instanceof Float64Array) return "float64";
  if (array instanceof BigInt64Array) return "int64";
  if (array instanceof Int32Array) return "int32";
  if (array instanceof Int16Array) return "int16";
  if (array instanceof Int8Array) return "int8";
  if (array instanceof Uint8Array) return "uint8";
  throw new TypeError("a Uint16Array carries float16 or bfloat16: name the dtype");
}

/** Turns plain numbers into the typed array of `dtype` (float16 and bfloat16 have none: convert the tensor instead). */
export function pack(values: readonly number[], dtype: DType): TypedArray {
  if (dtype === "int64") return BigInt64Array.from(values, (value) => BigInt(value));
  if (dtype === "float16" || dtype === "bfloat16") {
    throw new TypeError(
      `plain numbers cannot be packed as ${dtype}: create float32 and convert with to("${dtype}")`,
    );
  }
  return arrayTypes[dtype].from(values);
}
