// Reads zip archives, also those of more than 65,535 files: the list at the end first, then one file at a time.
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { crc32, inflateRawSync } from "node:zlib";
import { ReatError } from "../errors.js";
import type { SourceFile } from "./tar.js";

const END = 0x06054b50;
const END_64 = 0x06064b50;
const LOCATOR_64 = 0x07064b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
/** The end record, with the longest comment it can have. */
const longestEnd = 22 + 0xffff;

/** Whether a file begins as a zip archive does. */
export function isZip(file: string): boolean {
  const handle = openSync(file, "r");
  try {
    const magic = Buffer.alloc(4);
    return readSync(handle, magic, 0, 4, 0) === 4 && magic.readUInt32LE(0) === LOCAL;
  } finally {
    closeSync(handle);
  }
}

/**
 * The regular files of a zip archive, in the order of its list. A file's sum is checked when it is read.
 * @throws ReatError `data` where the archive is cut off, damaged, encrypted, or packed by a method other than deflate
 */
export async function* readZip(file: string): AsyncGenerator<SourceFile> {
  const archive = new Archive(file);
  try {
    for (const entry of archive.entries()) {
      if (entry.path.endsWith("/")) continue;
      yield { path: entry.path, size: entry.size, read: async () => archive.read(entry) };
    }
  } finally {
    archive.close();
  }
}

interface Entry {
  readonly path: string;
  readonly encrypted: boolean;
  readonly method: number;
  readonly sum: number;
  readonly packed: number;
  readonly size: number;
  /** Where its own header begins. */
  readonly at: number;
}

class Archive {
  readonly #handle: number;
  readonly #length: number;

  constructor(readonly file: string) {
    this.#length = statSync(file).size;
    this.#handle = openSync(file, "r");
  }

  *entries(): Generator<Entry> {
    const { count, at, length } = this.#list();
    const list = this.#bytes(at, length);
    let offset = 0;
    for (let i = 0; i < count; i++) {
      if (offset + 46 > list.length || list.readUInt32LE(offset) !== ENTRY) {
        throw this.#damaged(`its list ends after ${i} of ${count} files`);
      }
      const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) =>
        list.readUInt16LE(offset + field),
      ) as [number, number, number];
      const name = offset + 46;
      const extra = list.subarray(name + nameLength, name + nameLength + extraLength);
      const wide = new WideNumbers(extra);
      const size = wide.read(list.readUInt32LE(offset + 24));
      const packed = wide.read(list.readUInt32LE(offset + 20));
      yield {
        path: list.toString("utf8", name, name + nameLength).replace(/^(\.?\/)+/, ""),
        encrypted: (list.readUInt16LE(offset + 8) & 1) === 1,
        method: list.readUInt16LE(offset + 10),
        sum: list.readUInt32LE(offset + 16),
        ...{ size, packed, at: wide.read(list.readUInt32LE(offset + 42)) },
      };
      offset = name + nameLength + extraLength + commentLength;
    }
  }

  read({ path, encrypted, method, sum, packed, size, at }: Entry): Buffer {
    if (encrypted) throw new ReatError("data", `${path} in ${this.file} is encrypted; unpack it first.`);
    if (method !== 0 && method !== 8) {
      throw new ReatError(
        "data",
        `${path} in ${this.file} is packed by method ${method}; accepted are stored and deflated files.`,
      );
    }
    const header = this.#bytes(at, 30);
    if (header.readUInt32LE(0) !== LOCAL) throw this.#damaged(`${path} is not where its list says`);
    const start = at + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
    const bytes = this.#bytes(start, packed);
    const unpacked = method === 0 ? bytes : this.#inflate(bytes, path, size);
    if (unpacked.length !== size || crc32(unpacked) !== sum) {
      throw this.#damaged(`${path} fails its checksum`);
    }
    return unpacked;
  }

  close(): void {
    closeSync(this.#handle);
  }

  #list(): { count: number; at: number; length: number } {
    const tail = this.#bytes(Math.max(0, this.#length - longestEnd), Math.min(longestEnd, this.#length));
    let end = tail.length - 22;
    while (end >= 0 && tail.readUInt32LE(end) !== END) end--;
    if (end < 0) {
      throw new ReatError(
        "data",
        `${this.file} is cut off: the archive has no list at its end. Get it again.`,
      );
    }
    const locator = end - 20;
    if (locator >= 0 && tail.readUInt32LE(locator) === LOCATOR_64) {
      const record = this.#bytes(Number(tail.readBigUInt64LE(locator + 8)), 56);
      if (record.readUInt32LE(0) !== END_64) throw this.#damaged("its list is not where it says");
      const [count, length, at] = [32, 40, 48].map((field) => Number(record.readBigUInt64LE(field))) as [
        number,
        number,
        number,
      ];
      return { count, at, length };
    }
    return {
      count: tail.readUInt16LE(end + 10),
      length: tail.readUInt32LE(end + 12),
      at: tail.readUInt32LE(end + 16),
    };
  }

  #inflate(bytes: Buffer, path: string, size: number): Buffer {
    try {
      return inflateRawSync(bytes, { maxOutputLength: Math.max(size, 1) });
    } catch (cause) {
      throw this.#damaged(`${path} does not unpack`, cause);
    }
  }

  #bytes(at: number, length: number): Buffer {
    if (!(at >= 0 && length >= 0 && at + length <= this.#length)) {
      throw this.#damaged("it points past its own end");
    }
    const bytes = Buffer.alloc(length);
    readSync(this.#handle, bytes, 0, length, at);
    return bytes;
  }

  #damaged(why: string, cause?: unknown): ReatError {
    return new ReatError("data", `${this.file} is damaged: ${why}. Get it again.`, { cause });
  }
}

/** The extra field with 64-bit numbers, each in place of one that did not fit into 32 bits. */
class WideNumbers {
  #field: Buffer = Buffer.alloc(0);
  #at = 0;

  constructor(extra: Buffer) {
    for (let at = 0; at + 4 <= extra.length; ) {
      const length = extra.readUInt16LE(at + 2);
      if (extra.readUInt16LE(at) === 1) this.#field = extra.subarray(at + 4, at + 4 + length);
      at += 4 + length;
    }
  }

  read(narrow: number): number {
    if (narrow !== 0xffffffff || this.#at + 8 > this.#field.length) return narrow;
    this.#at += 8;
    return Number(this.#field.readBigUInt64LE(this.#at - 8));
  }
}
