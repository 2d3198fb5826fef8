// The safetensors format: a JSON header with names, dtypes, shapes and offsets, then the tensors' bytes.
import { ReatError } from "../errors.js";
import { type DType, elementSize, type Tensor, tensor } from "../tensor/index.js";
import { duplicateKey } from "./json-keys.js";

const formatNames: Readonly<Record<DType, string>> = {
  float32: "F32",
  float64: "F64",
  float16: "F16",
  bfloat16: "BF16",
  int64: "I64",
  int32: "I32",
  int16: "I16",
  int8: "I8",
  uint8: "U8",
  bool: "BOOL",
};
const dtypeOf = new Map(Object.entries(formatNames).map(([dtype, name]) => [name, dtype as DType]));

/** The format's own limit; a larger number is a foreign file's first bytes. */
const largestHeader = 100_000_000;
const metadataKey = "__metadata__";

/** A tensor as it lies in a file: little-endian elements in C order. */
export interface StoredTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** What a safetensors file holds. */
export interface Safetensors {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Copies the elements of a tensor of any shape to memory of JavaScript. Waits for its device. */
export function storeTensor(source: Tensor): StoredTensor {
  const array = source.toTypedArray();
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  return { dtype: source.dtype, shape: source.shape, bytes };
}

/** A tensor on the CPU with a copy of the stored elements, in the stored shape. */
export function restoreTensor({ bytes, dtype, shape }: StoredTensor): Tensor {
  return tensor(bytes, { dtype, shape });
}

/** The file's bytes, in parts to be written one after the other. */
export function encodeSafetensors({ tensors, metadata }: Safetensors): Uint8Array[] {
  // Wide elements first: with the header padded to 8 bytes, every tensor starts at a multiple of its element size.
  const ordered = [...tensors].sort(([, a], [, b]) => elementSize(b.dtype) - elementSize(a.dtype));
  const header: [string, unknown][] = [];
  if (Object.keys(metadata).length > 0) header.push([metadataKey, metadata]);
  let offset = 0;
  for (const [name, { dtype, shape, bytes }] of ordered) {
    const place = [offset, offset + bytes.length];
    header.push([name, { dtype: formatNames[dtype], shape, data_offsets: place }]);
    offset += bytes.length;
  }
  const json = Buffer.from(JSON.stringify(Object.fromEntries(header)));
  const padded = Buffer.alloc(Math.ceil(json.length / 8) * 8, " ");
  json.copy(padded);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  return [length, padded, ...ordered.map(([, stored]) => stored.bytes)];
}

/**
 * Reads a safetensors file from its bytes, which the result shares. Everything is checked: lengths, offsets, shapes and
 * sizes must agree and cover the data without gap or overlap.
 * @param name what messages call the file
 * @throws ReatError `checkpoint` naming what does not fit
 */
export function decodeSafetensors(bytes: Uint8Array, name: string): Safetensors {
  const bad = (why: string) => new ReatError("checkpoint", `${name} is no valid safetensors file: ${why}.`);
  if (bytes.length < 8) throw bad(`it has ${bytes.length} bytes, and 8 are the least`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerLength = Number(view.getBigUint64(0, true));
  if (headerLength > largestHeader) {
    throw bad(`its header would have ${headerLength} bytes, and ${largestHeader} are the most`);
  }
  if (8 + headerLength > bytes.length) {
    throw bad(`it is cut off in its header, after ${bytes.length} of ${8 + headerLength} bytes`);
  }
  const header = parseHeader(bytes.subarray(8, 8 + headerLength), bad);
  const payload = bytes.subarray(8 + headerLength);
  const { [metadataKey]: metadata = {}, ...entries } = header;
  if (!isRecord(metadata) || Object.values(metadata).some((value) => typeof value !== "string")) {
    throw bad("its metadata are not texts by name");
  }
  const placed = Object.entries(entries).map(([key, entry]) => placeEntry(key, entry, bad));
  requireCovered(placed, payload.length, bad);
  const tensors = new Map(
    placed.map(({ key, dtype, shape, begin, end }) => [
      key,
      { dtype, shape, bytes: payload.subarray(begin, end) },
    ]),
  );
  return { tensors, metadata: metadata as Record<string, string> };
}

type Complaint = (why: string) => ReatError;

interface PlacedEntry {
  readonly key: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

function parseHeader(bytes: Uint8Array, bad: Complaint): Record<string, unknown> {
  let header: unknown;
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    header = JSON.parse(text);
  } catch {
    throw bad("its header is not JSON");
  }
  if (!isRecord(header)) throw bad("its header is not a JSON object");
  const twice = duplicateKey(text);
  if (twice !== null) throw bad(`its header has the key "${twice}" twice`);
  return header;
}

function placeEntry(key: string, entry: unknown, bad: Complaint): PlacedEntry {
  if (!isRecord(entry)) throw bad(`the entry "${key}" is not an object`);
  const named = typeof entry.dtype === "string" ? entry.dtype : "that is no text";
  const dtype = dtypeOf.get(named);
  if (!dtype) {
    throw bad(`"${key}" has the dtype ${named}, and ${[...dtypeOf.keys()].join(", ")} are accepted`);
  }
  const { shape, data_offsets: offsets } = entry;
  if (!isSizes(shape)) throw bad(`the shape of "${key}" is not a list of sizes`);
  if (shape.length > 64) throw bad(`"${key}" has ${shape.length} dimensions, and 64 are the most`);
  if (!isSizes(offsets) || offsets.length !== 2) throw bad(`"${key}" has no two data offsets`);
  const [begin, end] = offsets as [number, number];
  const needed = shape.reduce((product, size) => product * size, elementSize(dtype));
  if (end - begin !== needed) {
    throw bad(`"${key}" (${entry.dtype}, [${shape}]) needs ${needed} bytes and has ${end - begin}`);
  }
  return { key, dtype, shape, begin, end };
}

function requireCovered(entries: readonly PlacedEntry[], length: number, bad: Complaint): void {
  let reached = 0;
  for (const { key, begin, end } of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== reached) throw bad(`"${key}" begins at byte ${begin} of the data, and ${reached} is next`);
    reached = end;
  }
  if (length < reached) throw bad(`it is cut off, after ${length} of ${reached} bytes of data`);
  if (length > reached) throw bad(`${length - reached} bytes follow its last tensor`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}
