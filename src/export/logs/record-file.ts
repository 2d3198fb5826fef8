// The file format of TensorBoard's events: records with a length and two checksums each.
import { closeSync, openSync, writeSync } from "node:fs";
import { cannotWrite } from "../../durable-file.js";

/** CRC-32C (Castagnoli), reflected, byte by byte. */
const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value;
});

/** @internal */
export function crc32c(bytes: Uint8Array): number {
  let value = 0xffffffff;
  for (const byte of bytes) value = table[(value ^ byte) & 0xff]! ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

/** Rotated and shifted, as the format requires, so that checksums of checksums are not trivial. */
function masked(bytes: Uint8Array): Buffer {
  const crc = crc32c(bytes);
  const result = Buffer.alloc(4);
  result.writeUInt32LE((((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0);
  return result;
}

/** A record's bytes: length, its checksum, data, their checksum. */
export function encodeRecord(data: Uint8Array): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(data.length));
  return Buffer.concat([length, masked(length), data, masked(data)]);
}

/** Records that are appended one by one; a concurrent reader sees whole ones. Hold it with `using`, or close it. */
export class RecordFile implements Disposable {
  #file: number;

  /** Begins the file anew. @throws ReatError `disk` */
  constructor(readonly path: string) {
    try {
      this.#file = openSync(path, "w");
    } catch (cause) {
      throw cannotWrite(path, cause);
    }
  }

  /** @throws ReatError `disk` */
  append(data: Uint8Array): void {
    try {
      writeSync(this.#file, encodeRecord(data));
    } catch (cause) {
      throw cannotWrite(this.path, cause);
    }
  }

  [Symbol.dispose](): void {
    if (this.#file >= 0) closeSync(this.#file);
    this.#file = -1;
  }
}
