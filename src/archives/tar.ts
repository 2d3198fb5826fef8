// Reads tar archives, plain or gzipped, as a stream of files: one entry in memory at a time.
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { ReatError } from "../errors.js";

const BLOCK = 512;
// Extended headers hold names; one of megabytes is a corrupt or hostile archive.
const LARGEST_HEADER = 1 << 20;

/** A regular file inside an archive or folder. `read` may be called at most once, before the next file is asked for. */
export interface SourceFile {
  /** Path inside the source, with `/` between folders. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  read(): Promise<Buffer>;
}

/**
 * The regular files of a `.tar`, `.tar.gz` or `.tgz`, in archive order; the form is seen from its first bytes.
 * ustar, GNU long names and pax headers are understood; links and devices are passed over.
 * @throws ReatError `data` where the archive is cut off, damaged, or no tar archive.
 */
export async function* readTar(file: string): AsyncGenerator<SourceFile> {
  const bytes = new ByteReader(await openBytes(file));
  try {
    yield* entries(bytes, file);
  } catch (error) {
    throw explain(error, file);
  } finally {
    await bytes.close();
  }
}

async function* entries(bytes: ByteReader, file: string): AsyncGenerator<SourceFile> {
  let longName: string | undefined;
  let pax: PaxRecords = {};
  for (let first = true; ; first = false) {
    const header = await bytes.take(BLOCK);
    if (header.every((byte) => byte === 0)) {
      if (first) throw new ReatError("data", `${file} is an empty archive.`);
      // Reading on to the end makes gzip check its own checksum.
      await bytes.drain();
      return;
    }
    if (!checksumHolds(header)) {
      throw new ReatError(
        "data",
        first
          ? `${file} is not a tar archive.`
          : `${file} is damaged: a file header inside the archive fails its checksum.`,
      );
    }
    const type = String.fromCharCode(header[156]!);
    const size = pax.size ?? readNumber(header, 124, 12);
    const padded = Math.ceil(size / BLOCK) * BLOCK;
    if (type === "L" || type === "x") {
      if (size > LARGEST_HEADER)
        throw new ReatError("data", `${file} is damaged: a file name of ${size} bytes.`);
      const body = (await bytes.take(padded)).subarray(0, size);
      if (type === "L") longName = text(body);
      else pax = readPax(body);
      continue;
    }
    if (type === "g" || type === "K") {
      await bytes.skip(padded);
      continue;
    }
    const path = pax.path ?? longName ?? headerName(header);
    longName = undefined;
    pax = {};
    let reading: Promise<Buffer> | undefined;
    if (type === "0" || type === "\0" || type === "7") {
      yield {
        path: path.replace(/^(\.?\/)+/, ""),
        size,
        read: async () => {
          reading = bytes.take(padded);
          try {
            return (await reading).subarray(0, size);
          } catch (error) {
            throw explain(error, file);
          }
        },
      };
    }
    // A read still under way has to end before the next header can be looked at.
    if (reading) await reading;
    else await bytes.skip(padded);
  }
}

async function openBytes(file: string): Promise<Readable> {
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

function explain(error: unknown, file: string): unknown {
  if (error instanceof ReatError) return error;
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "Z_BUF_ERROR" || error instanceof CutOff) {
    return new ReatError("data", `${file} is cut off: the archive ends in the middle. Get it again.`, {
      cause: error,
    });
  }
  if (code?.startsWith("Z_")) {
    return new ReatError(
      "data",
      `${file} is damaged: its compressed data does not unpack (${(error as Error).message}).`,
      { cause: error },
    );
  }
  return error;
}

class CutOff extends Error {}

/** Exact numbers of bytes out of a stream of chunks. */
class ByteReader {
  readonly #stream: Readable;
  readonly #chunks: AsyncIterator<Buffer>;
  #chunk: Buffer = Buffer.alloc(0);
  #at = 0;

  constructor(stream: Readable) {
    this.#stream = stream;
    this.#chunks = stream[Symbol.asyncIterator]();
  }

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

  async skip(count: number): Promise<void> {
    for (let missing = count; missing > 0; ) {
      if (this.#at === this.#chunk.length && !(await this.#next())) throw new CutOff();
      const step = Math.min(missing, this.#chunk.length - this.#at);
      this.#at += step;
      missing -= step;
    }
  }

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
    return !done;
  }
}

interface PaxRecords {
  path?: string;
  size?: number;
}

function readPax(body: Buffer): PaxRecords {
  const records: PaxRecords = {};
  for (let at = 0; at < body.length; ) {
    const space = body.indexOf(0x20, at);
    const length = Number(body.toString("latin1", at, space));
    if (space < 0 || !(length > 0)) break;
    const record = body.toString("utf8", space + 1, at + length - 1);
    const equals = record.indexOf("=");
    if (record.startsWith("path=")) records.path = record.slice(equals + 1);
    if (record.startsWith("size=")) records.size = Number(record.slice(equals + 1));
    at += length;
  }
  return records;
}

function headerName(header: Buffer): string {
  const name = text(header.subarray(0, 100));
  const ustar = header.toString("latin1", 257, 263) === "ustar\0";
  const prefix = ustar ? text(header.subarray(345, 500)) : "";
  return prefix === "" ? name : `${prefix}/${name}`;
}

function text(field: Buffer): string {
  const end = field.indexOf(0);
  return field.toString("utf8", 0, end < 0 ? field.length : end);
}

function readNumber(header: Buffer, at: number, length: number): number {
  // The high bit marks GNU's base-256 form for sizes that eleven octal digits cannot hold.
  if (header[at]! & 0x80) return Number(header.readBigUInt64BE(at + length - 8));
  return Number.parseInt(header.toString("latin1", at, at + length).replace(/[\0 ]+$/, "") || "0", 8);
}

function checksumHolds(header: Buffer): boolean {
  let sum = 8 * 0x20;
  for (let i = 0; i < BLOCK; i++) if (i < 148 || i >= 156) sum += header[i]!;
  return sum === readNumber(header, 148, 8);
}
