// The 512 bytes before each file of a tar archive, and the records of pax that may go before them.

export const blockBytes = 512;

/** What is wrong with a header, to be put into a sentence about the archive. */
export class BadHeader extends Error {}

/** The checksum of a header fails: at the beginning of a file, it is no tar archive. */
export class WrongChecksum extends BadHeader {}

export interface TarHeader {
  readonly type: string;
  readonly name: Buffer;
  readonly target: Buffer;
  /** Bytes of what follows. */
  readonly size: number;
}

/** @throws BadHeader where its checksum fails or a number is none */
export function readTarHeader(header: Buffer): TarHeader {
  if (!checksumHolds(header)) throw new WrongChecksum("a file header inside the archive fails its checksum");
  const ustar = header.toString("latin1", 257, 263) === "ustar\0";
  const prefix = ustar ? text(header.subarray(345, 500)) : Buffer.alloc(0);
  const name = text(header.subarray(0, 100));
  return {
    type: String.fromCharCode(header[156]!),
    name: prefix.length > 0 ? Buffer.concat([prefix, Buffer.from("/"), name]) : name,
    target: text(header.subarray(157, 257)),
    size: readNumber(header.subarray(124, 136)),
  };
}

/** What a pax header says of the next file. */
export interface PaxRecords {
  path?: Buffer;
  target?: Buffer;
  size?: number;
  sparse?: boolean;
}

/** @throws BadHeader for a record whose length or size is no number */
export function readPax(body: Buffer): PaxRecords {
  const records: PaxRecords = {};
  for (let at = 0; at < body.length && body[at] !== 0; ) {
    const space = body.indexOf(0x20, at);
    const length = wholeNumber(body.toString("latin1", at, Math.max(at, space)));
    const equals = body.indexOf(0x3d, space);
    const end = at + (length ?? 0);
    if (length === undefined || space < 0 || equals < 0 || equals >= end || end > body.length) {
      throw new BadHeader("a pax header in it is malformed");
    }
    const key = body.toString("latin1", space + 1, equals);
    const value = body.subarray(equals + 1, end - 1);
    if (key === "path" || key === "GNU.sparse.name") records.path = value;
    else if (key === "linkpath") records.target = value;
    else if (key === "size") {
      const size = wholeNumber(value.toString("latin1"));
      if (size === undefined)
        throw new BadHeader(`a pax header in it gives the size ${value.toString("latin1")}`);
      records.size = size;
    }
    if (key.startsWith("GNU.sparse.")) records.sparse = true;
    at = end;
  }
  return records;
}

/** A field up to its first zero byte. */
export function text(field: Buffer): Buffer {
  const end = field.indexOf(0);
  return field.subarray(0, end < 0 ? field.length : end);
}

function wholeNumber(digits: string): number | undefined {
  const number = /^\d{1,16}$/.test(digits) ? Number(digits) : Number.NaN;
  return Number.isSafeInteger(number) ? number : undefined;
}

function readNumber(field: Buffer): number {
  // The high bit marks GNU's base-256 form for sizes that eleven octal digits cannot hold.
  if (field[0]! & 0x80) {
    const number = Number(BigInt(`0x${field.toString("hex")}`) & ((1n << BigInt(8 * field.length - 1)) - 1n));
    if (Number.isSafeInteger(number)) return number;
  }
  const digits = field.toString("latin1").replace(/[\0 ].*$/s, "");
  const trimmed = digits === "" ? field.toString("latin1").replace(/[\0 ]/g, "") : digits;
  if (!/^[0-7]*$/.test(trimmed))
    throw new BadHeader("a file header inside the archive holds no number for a size");
  return Number.parseInt(trimmed || "0", 8);
}

function checksumHolds(header: Buffer): boolean {
  const stored = Number.parseInt(header.toString("latin1", 148, 156).replace(/[\0 ]/g, ""), 8);
  // Some old programs summed bytes as signed numbers.
  let [sum, signed] = [8 * 0x20, 8 * 0x20];
  for (let i = 0; i < blockBytes; i++) {
    if (i >= 148 && i < 156) continue;
    sum += header[i]!;
    signed += header.readInt8(i);
  }
  return stored === sum || stored === signed;
}
