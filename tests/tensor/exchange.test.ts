// Typed arrays in and out: every dtype round-trips, and no wrong buffer gets past the check.
import { describe, expect, it } from "vitest";
import { type DType, dtypes, TensorError, type TypedArray, tensor, zeros } from "../../src/tensor/index.js";

const samples: Record<DType, TypedArray> = {
  float32: new Float32Array([1.5, -2, Number.NaN, 3e38]),
  float64: new Float64Array([1 / 3, -0, Number.POSITIVE_INFINITY, 5e-324]),
  float16: new Uint16Array([0x3c00, 0xc000, 0x7c00, 1]),
  bfloat16: new Uint16Array([0x3f80, 0xc000, 0x7f80, 1]),
  int64: new BigInt64Array([2n ** 62n, -1n, 0n, 7n]),
  int32: new Int32Array([2 ** 31 - 1, -5, 0, 1]),
  int16: new Int16Array([32767, -32768, 0, 1]),
  int8: new Int8Array([127, -128, 0, 1]),
  uint8: new Uint8Array([255, 0, 1, 2]),
  bool: new Uint8Array([1, 0, 1, 1]),
};

describe("typed arrays", () => {
  it.each(dtypes)("round-trips %s bit for bit", (dtype) => {
    using t = tensor(samples[dtype], { dtype, shape: [2, 2] });
    expect(t.dtype).toBe(dtype);
    expect(t.shape).toEqual([2, 2]);
    expect(t.toTypedArray()).toEqual(samples[dtype]);
  });

  it("reads a non-contiguous tensor in C order", () => {
    using t = tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    using view = t.t();
    expect(view.toArray()).toEqual([1, 4, 2, 5, 3, 6]);
    using column = t.select(1, 1);
    expect(column.toArray()).toEqual([2, 5]);
  });

  it("takes a view into a larger buffer at its offset", () => {
    const all = new Float32Array([0, 1, 2, 3]);
    using t = tensor(all.subarray(1, 3));
    expect(t.toArray()).toEqual([1, 2]);
  });

  it("converts bfloat16 numbers", () => {
    using t = tensor([1, -2, 0.5], { dtype: "bfloat16" });
    using back = t.to("float32");
    expect(t.dtype).toBe("bfloat16");
    expect(back.toArray()).toEqual([1, -2, 0.5]);
  });

  it("copies, so that later changes of the array do not show", () => {
    const data = new Float32Array([1, 2]);
    using t = tensor(data);
    data[0] = 9;
    expect(t.toArray()).toEqual([1, 2]);
  });

  it("holds an empty tensor", () => {
    using t = tensor(new Float32Array(0), { shape: [0, 3] });
    expect(t.size).toBe(0);
    expect(t.toArray()).toEqual([]);
  });

  it("writes in place", () => {
    using t = zeros([2]);
    t.write_(new Float32Array([3, 4]));
    expect(t.toArray()).toEqual([3, 4]);
    expect(() => t.write_(new Float32Array(3))).toThrow(
      "a tensor float32[2] takes 8 bytes, the buffer has 12",
    );
    expect(() => t.write_(new Float64Array(1))).toThrow(TensorError);
  });
});

describe("wrong buffers are refused with a sentence", () => {
  const cases: [string, () => unknown, string][] = [
    [
      "odd byte length",
      () => tensor(new Uint8Array(7), { dtype: "float32", shape: [2] }),
      "a float32 tensor of shape [2] needs 8 bytes, the buffer has 7",
    ],
    [
      "too short",
      () => tensor(new Float32Array(3), { shape: [2, 2] }),
      "a float32 tensor of shape [2,2] needs 16 bytes, the buffer has 12",
    ],
    [
      "another dtype's array",
      () => tensor(new Float64Array(1), { dtype: "float32" }),
      "A float32 tensor cannot be made from a Float64Array",
    ],
    ["negative size", () => tensor(new Float32Array(1), { shape: [-1] }), "non-negative integers"],
    ["fractional size", () => tensor(new Float32Array(1), { shape: [1.5] }), "non-negative integers"],
    [
      "sizes whose product overflows",
      () => tensor(new Float32Array(1), { shape: [2 ** 40, 2 ** 40] }),
      "the buffer has 4",
    ],
    ["ragged nesting", () => tensor([[1], [1, 2]]), "Nested arrays must have equal lengths"],
    ["unknown device", () => tensor([1], { device: "tpu" as "cpu" }), "device"],
    [
      "unknown dtype",
      () => tensor(new Uint8Array(1), { dtype: "int4" as "int8", shape: [1] }),
      'unknown dtype "int4"',
    ],
  ];
  it.each(cases)("%s", (_name, make, message) => {
    expect(make).toThrow(message);
  });

  it("a detached buffer", () => {
    const data = new Float32Array(4);
    structuredClone(data.buffer, { transfer: [data.buffer] });
    expect(() => tensor(data, { shape: [4] })).toThrow("the buffer has 0");
  });
});
