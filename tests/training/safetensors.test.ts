// The format byte by byte, and that nothing of a foreign file is believed.
import { describe, expect, it } from "vitest";
import { type DType, dtypes, equal, full, tensor } from "../../src/tensor/index.js";
import {
  decodeSafetensors,
  encodeSafetensors,
  restoreTensor,
  storeTensor,
} from "../../src/training/index.js";

const joined = (parts: Uint8Array[]) => new Uint8Array(Buffer.concat(parts));

function file(header: unknown, payload: number, raw = JSON.stringify(header)): Uint8Array {
  const json = Buffer.from(raw);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return joined([length, json, new Uint8Array(payload)]);
}

describe("what is written", () => {
  it("is read back exactly, for every dtype, with shapes and metadata", () => {
    const made = new Map(
      dtypes.map((dtype: DType) => [`a.${dtype}`, tensor([[1, 0, 1]], { dtype: "float32" }).to(dtype)]),
    );
    made.set("scalar", full([], -2.5));
    made.set("empty", full([0, 4], 0));
    const tensors = new Map([...made].map(([name, value]) => [name, storeTensor(value)]));
    const metadata = { note: "zwölf „Käse“", __proto__x: "1" };
    const read = decodeSafetensors(joined(encodeSafetensors({ tensors, metadata })), "x");
    expect(read.metadata).toEqual(metadata);
    expect([...read.tensors.keys()].sort()).toEqual([...made.keys()].sort());
    for (const [name, before] of made) {
      const after = restoreTensor(read.tensors.get(name)!);
      expect([after.dtype, after.shape]).toEqual([before.dtype, before.shape]);
      expect(equal(after, before)).toBe(true);
    }
  });

  it("is the format others read: little-endian length, JSON padded with spaces, aligned data without gaps", () => {
    const tensors = new Map([
      ["byte", storeTensor(tensor(Uint8Array.of(7)))],
      ["wide", storeTensor(tensor(Float64Array.of(1)))],
    ]);
    const bytes = joined(encodeSafetensors({ tensors, metadata: {} }));
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect(length % 8).toBe(0);
    expect(JSON.parse(Buffer.from(bytes.subarray(8, 8 + length)).toString())).toEqual({
      wide: { dtype: "F64", shape: [1], data_offsets: [0, 8] },
      byte: { dtype: "U8", shape: [1], data_offsets: [8, 9] },
    });
    expect([...bytes.subarray(8 + length)]).toEqual([0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 7]);
  });
});

it("white space before and after the header, and texts that look like keys, are no fault", () => {
  const header =
    ' \n\t{"__metadata__": {"a": "\\"a\\": {", "b": "a"}, "a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}} ';
  const { tensors, metadata } = decodeSafetensors(file(null, 4, header), "weights.safetensors");
  expect(metadata).toEqual({ a: '"a": {', b: "a" });
  expect(tensors.get("a")!.shape).toEqual([1]);
});

describe("a file that is none", () => {
  const entry = { dtype: "F32", shape: [2], data_offsets: [0, 8] };
  const huge = Buffer.alloc(16, 0xff);
  it.each<[string, Uint8Array, RegExp]>([
    ["too short", new Uint8Array(7), /7 bytes, and 8 are the least/],
    ["an absurd header length", huge, /header would have 18446744073709552000 bytes/],
    ["cut off in the header", file({ a: entry }, 8).subarray(0, 20), /cut off in its header, after 20 of/],
    ["cut off in the data", file({ a: entry }, 7), /cut off, after 7 of 8 bytes of data/],
    ["bytes at the end", file({ a: entry }, 9), /1 bytes follow its last tensor/],
    ["no JSON", file(null, 0, "{nonsense"), /header is not JSON/],
    ["no object", file([], 0), /not a JSON object/],
    ["an entry that is none", file({ a: 3 }, 0), /entry "a" is not an object/],
    ["an unknown dtype", file({ a: { ...entry, dtype: "F8_E4M3" } }, 8), /dtype F8_E4M3, and F32, F64/],
    ["a negative size", file({ a: { ...entry, shape: [-2] } }, 8), /shape of "a" is not a list of sizes/],
    ["a fractional size", file({ a: { ...entry, shape: [0.5, 4] } }, 8), /shape of "a" is not/],
    ["one offset", file({ a: { ...entry, data_offsets: [8] } }, 8), /"a" has no two data offsets/],
    [
      "a shape too large",
      file({ a: { ...entry, shape: [3] } }, 8),
      /"a" \(F32, \[3\]\) needs 12 bytes and has 8/,
    ],
    ["offsets that run back", file({ a: { ...entry, data_offsets: [8, 0] } }, 8), /needs 8 bytes and has -8/],
    ["a gap", file({ a: { ...entry, data_offsets: [4, 12] } }, 12), /begins at byte 4 of the data, and 0 is/],
    ["an overlap", file({ a: entry, b: entry }, 8), /"b" begins at byte 0 of the data, and 8 is next/],
    ["a tensor twice", file(null, 0, `{"a": ${JSON.stringify(entry)}, "\\u0061": {}}`), /the key "a" twice/],
    [
      "a field twice",
      file(null, 0, '{"a": {"dtype": "F32", "shape": [{}, ","], "dtype": "F64"}}'),
      /"dtype" twice/,
    ],
    ["a dtype that is a list", file({ a: { ...entry, dtype: ["F32"] } }, 8), /the dtype that is no text/],
    [
      "a dtype nested without end",
      file(null, 0, `{"a": {"dtype": ${"[".repeat(20_000)}${"]".repeat(20_000)}}}`),
      /the dtype that is no text/,
    ],
    [
      "a tensor of a hundred dimensions",
      file({ a: { ...entry, shape: [2, ...new Array<number>(99).fill(1)] } }, 8),
      /"a" has 100 dimensions, and 64 are the most/,
    ],
    ["metadata that are no texts", file({ __metadata__: { a: 1 } }, 0), /metadata are not texts/],
  ])("is refused: %s", (_name, bytes, message) => {
    expect(() => decodeSafetensors(bytes, "weights.safetensors")).toThrow(
      expect.objectContaining({ code: "checkpoint", message: expect.stringMatching(message) }),
    );
    expect(() => decodeSafetensors(bytes, "weights.safetensors")).toThrow(
      /^weights\.safetensors is no valid/,
    );
  });
});
