// The list at the end of a zip archive: what is in it, and where.
import type { ReatError } from "../errors.js";
import { decodeName } from "./entry-names.js";

/** What the end of the list begins with, and so an archive without files. */
export const endMark = 0x06054b50;
const end64Mark = 0x06064b50;
const locator64Mark = 0x07064b50;
const entryMark = 0x02014b50;
/** What the header before each file begins with. */
export const localMark = 0x04034b50;
/** The end record, with the longest comment it can have. */
const longestEnd = 22 + 0xffff;

/** A file, or memory, that is read at any place. */
export interface RandomAccess {
  readonly length: number;
  /** Exactly these bytes, which are inside. */
  bytes(at: number, length: number): Buffer;
}

/** An entry as the list has it. */
export interface ZipEntry {
  readonly name: Buffer;
  readonly path: string;
  /** True where the name is not declared to be UTF-8. */
  readonly legacy: boolean;
  readonly encrypted: boolean;
  /** 0 is stored, 8 deflated. */
  readonly method: number;
  readonly sum: number;
  readonly packed: number;
  readonly size: number;
  /** Where its own header begins. */
  readonly at: number;
  /** True for a symbolic link, whose content is what it points to. */
  readonly link: boolean;
}

/** Makes the error with which an archive is refused. */
export type Refuse = (why: string, cause?: unknown) => ReatError;

/**
 * The entries of an archive, in the order of its list. The list is read to its end, because the number of entries that the
 * archive states has 16 bits where it is not of the 64-bit form, and wraps.
 * @throws what `refuse` makes, where the archive is cut off or damaged
 */
export function* zipEntries(source: RandomAccess, refuse: Refuse): Generator<ZipEntry> {
  const { count, at, length, modulus } = findList(source, refuse);
  const list = bytesOf(source, at, length, refuse);
  let offset = 0;
  let read = 0;
  for (; offset < list.length; read++) {
    if (offset + 46 > list.length || list.readUInt32LE(offset) !== entryMark) {
      throw refuse(`its list ends after ${read} of ${count} files`);
    }
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) =>
      list.readUInt16LE(offset + field),
    ) as [number, number, number];
    const name = offset + 46;
    const end = name + nameLength + extraLength + commentLength;
    if (end > list.length) throw refuse(`its list ends after ${read} of ${count} files`);
    const extra = list.subarray(name + nameLength, name + nameLength + extraLength);
    yield readEntry(list, offset, list.subarray(name, name + nameLength), extra, refuse);
    offset = end;
  }
  if (read % modulus !== count) {
    throw refuse(`its list holds ${read} files, and the archive says ${count}`);
  }
}

function readEntry(list: Buffer, offset: number, raw: Buffer, extra: Buffer, refuse: Refuse): ZipEntry {
  const wide = new WideNumbers(extra, refuse);
  const size = wide.read(list.readUInt32LE(offset + 24));
  const packed = wide.read(list.readUInt32LE(offset + 20));
  const flags = list.readUInt16LE(offset + 8);
  const { text, legacy } = decodeName(raw, "dos");
  if (legacy && (flags & 0x800) !== 0) throw refuse("a name in it that should be UTF-8 is none");
  const unix = list.readUInt8(offset + 5) === 3;
  return {
    name: raw,
    path: text,
    legacy,
    encrypted: (flags & 1) === 1,
    method: list.readUInt16LE(offset + 10),
    sum: list.readUInt32LE(offset + 16),
    ...{ size, packed, at: wide.read(list.readUInt32LE(offset + 42)) },
    link: unix && ((list.readUInt32LE(offset + 38) >>> 16) & 0o170000) === 0o120000,
  };
}

/** The packed bytes of an entry. */
export function packedBytes(source: RandomAccess, entry: ZipEntry, refuse: Refuse): Buffer {
  const header = bytesOf(source, entry.at, 30, refuse);
  if (header.readUInt32LE(0) !== localMark) throw refuse(`${entry.path} is not where its list says`);
  // The local header repeats the name, and has extra fields of its own.
  const start = entry.at + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
  return bytesOf(source, start, entry.packed, refuse);
}

function findList(source: RandomAccess, refuse: Refuse) {
  const length = Math.min(longestEnd, source.length);
  const tail = source.bytes(source.length - length, length);
  let end = tail.length - 22;
  while (end >= 0 && tail.readUInt32LE(end) !== endMark) end--;
  if (end < 0) throw refuse("it has no list at its end, so it is cut off");
  const locator = end - 20;
  if (locator >= 0 && tail.readUInt32LE(locator) === locator64Mark) {
    const record = bytesOf(source, Number(tail.readBigUInt64LE(locator + 8)), 56, refuse);
    if (record.readUInt32LE(0) !== end64Mark) throw refuse("its list is not where it says");
    const [count, bytes, at] = [32, 40, 48].map((field) => Number(record.readBigUInt64LE(field))) as [
      number,
      number,
      number,
    ];
    return { count, length: bytes, at, modulus: Number.MAX_SAFE_INTEGER };
  }
  return {
    count: tail.readUInt16LE(end + 10),
    length: tail.readUInt32LE(end + 12),
    at: tail.readUInt32LE(end + 16),
    modulus: 0x10000,
  };
}

function bytesOf(source: RandomAccess, at: number, length: number, refuse: Refuse): Buffer {
  if (!(at >= 0 && length >= 0 && at + length <= source.length)) {
    throw refuse("it points past its own end, so it is cut off or damaged");
  }
  return source.bytes(at, length);
}

/** The extra field with 64-bit numbers, each in place of one that did not fit into 32 bits. */
class WideNumbers {
  #field: Buffer = Buffer.alloc(0);
  #at = 0;

  constructor(
    extra: Buffer,
    readonly refuse: Refuse,
  ) {
    for (let at = 0; at + 4 <= extra.length; ) {
      const length = extra.readUInt16LE(at + 2);
      if (extra.readUInt16LE(at) === 1) this.#field = extra.subarray(at + 4, at + 4 + length);
      at += 4 + length;
    }
  }

  read(narrow: number): number {
    if (narrow !== 0xffffffff) return narrow;
    if (this.#at + 8 > this.#field.length)
      throw this.refuse("a file in it has no 64-bit size where it needs one");
    this.#at += 8;
    return Number(this.#field.readBigUInt64LE(this.#at - 8));
  }
}
