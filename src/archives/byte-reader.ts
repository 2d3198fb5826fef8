// Reads exact numbers of bytes from a file that may be gzipped.
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";

/** The bytes end before they should. */
export class CutOff extends Error {}

/** Opens a file, unzipped where it is gzipped, which its first bytes say. */
export async function openBytes(file: string): Promise<Readable> {
  const magic = Buffer.alloc(2);
  const handle = await open(file);
  try {
    await handle.read(magic, 0, 2, 0);
  } finally {
    await handle.close();
  }
  const raw = createReadStream(file, { highWaterMark: 1 << 20 });
  if (magic[0] !== 0x1f || magic[1] !== 0x8b) return raw;
  const unzipped = createGunzip({ chunkSize: 1 << 20 });
  raw.on("error", (error) => unzipped.destroy(error));
  unzipped.on("close", () => raw.destroy());
  return raw.pipe(unzipped);
}

/** Reads a stream of chunks in pieces of requested sizes. */
export class ByteReader {
  readonly #stream: Readable;
  readonly #chunks: AsyncIterator<Buffer>;
  #chunk: Buffer = Buffer.alloc(0);
  #at = 0;
  #total = 0;

  /** @param tooMuch makes the error for a stream of more than `limit` bytes */
  constructor(
    stream: Readable,
    readonly limit: number,
    readonly tooMuch: () => Error,
  ) {
    this.#stream = stream;
    this.#chunks = stream[Symbol.asyncIterator]();
  }

  /** @throws CutOff where fewer are left */
  async take(count: number): Promise<Buffer> {
    if (this.#chunk.length - this.#at >= count) {
      this.#at += count;
      return this.#chunk.subarray(this.#at - count, this.#at);
    }
    const parts: Buffer[] = [];
    for (let missing = count; missing > 0; ) {
      if (this.#at === this.#chunk.length && !(await this.#next())) throw new CutOff();
      const part = this.#chunk.subarray(this.#at, this.#at + missing);
      parts.push(part);
      this.#at += part.length;
      missing -= part.length;
    }
    return Buffer.concat(parts, count);
  }

  /** @throws CutOff where fewer are left */
  async skip(count: number): Promise<void> {
    for (let missing = count; missing > 0; ) {
      if (this.#at === this.#chunk.length && !(await this.#next())) throw new CutOff();
      const step = Math.min(missing, this.#chunk.length - this.#at);
      this.#at += step;
      missing -= step;
    }
  }

  /** Reads on to the end. */
  async drain(): Promise<void> {
    while (await this.#next());
  }

  async close(): Promise<void> {
    await this.#chunks.return?.();
    this.#stream.destroy();
  }

  async #next(): Promise<boolean> {
    const { done, value } = await this.#chunks.next();
    this.#at = 0;
    this.#chunk = done ? Buffer.alloc(0) : value;
    this.#total += this.#chunk.length;
    if (this.#total > this.limit) throw this.tooMuch();
    return !done;
  }
}
