// Writes zip archives, right ones and such whose fields lie.
import { crc32, deflateRawSync } from "node:zlib";

/** A file in a zip archive. What is absent is computed. */
export interface ZipEntry {
  readonly path: string | Buffer;
  readonly content: Buffer;
  readonly method?: number;
  readonly flags?: number;
  readonly crc?: number;
  readonly packedSize?: number;
  readonly size?: number;
  /** Of the file's own header, from the archive's begin. */
  readonly at?: number;
  readonly extra?: Buffer;
  /** In the file's own header, where it differs from the list's. */
  readonly localPath?: string;
  /** Put the sums and sizes behind the contents, as programs that write streams do. */
  readonly descriptor?: boolean;
}

/** What may be said wrongly at the end. */
export interface ZipEnd {
  readonly count?: number;
  readonly listAt?: number;
  readonly listLength?: number;
  readonly comment?: Buffer;
  /** Before the first file. */
  readonly prefix?: Buffer;
  readonly zip64?: boolean;
}

/** The archive's bytes. */
export function writeZip(entries: readonly ZipEntry[], end: ZipEnd = {}): Buffer {
  const parts: Buffer[] = end.prefix ? [end.prefix] : [];
  let at = end.prefix?.length ?? 0;
  const push = (...buffers: Buffer[]) => {
    for (const buffer of buffers) {
      parts.push(buffer);
      at += buffer.length;
    }
  };
  const list: Buffer[] = [];
  for (const entry of entries) {
    const { content, method = 0, descriptor = false, extra = Buffer.alloc(0) } = entry;
    const packed = method === 8 ? deflateRawSync(content) : content;
    const name = Buffer.from(entry.path as string);
    const crc = entry.crc ?? crc32(content);
    const [packedSize, size] = [entry.packedSize ?? packed.length, entry.size ?? content.length];
    const flags = (entry.flags ?? 0) | (descriptor ? 8 : 0);
    const begin = entry.at ?? at;
    const localName = Buffer.from(entry.localPath ?? name);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(20, 4);
    local.writeUInt16LE(flags, 6);
    local.writeUInt16LE(method & 0xffff, 8);
    const known = descriptor ? [0, 0, 0] : [crc, packedSize, size];
    for (const [i, value] of known.entries()) local.writeUInt32LE(value >>> 0, 14 + 4 * i);
    local.writeUInt16LE(localName.length, 26);
    push(local, localName, packed);
    if (descriptor) {
      const after = Buffer.alloc(16);
      for (const [i, value] of [0x08074b50, crc, packedSize, size].entries())
        after.writeUInt32LE(value >>> 0, 4 * i);
      push(after);
    }
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50, 0);
    central.writeUInt16LE(20, 4);
    central.writeUInt16LE(20, 6);
    central.writeUInt16LE(flags, 8);
    central.writeUInt16LE(method & 0xffff, 10);
    for (const [i, value] of [crc, packedSize, size].entries())
      central.writeUInt32LE(value >>> 0, 16 + 4 * i);
    central.writeUInt16LE(name.length, 28);
    central.writeUInt16LE(extra.length, 30);
    central.writeUInt32LE(begin >>> 0, 42);
    list.push(central, name, extra);
  }
  const listBytes = Buffer.concat(list);
  const listAt = at;
  push(listBytes);
  if (end.zip64) push(...zip64End(entries.length, listBytes.length, listAt, at));
  const comment = end.comment ?? Buffer.alloc(0);
  const last = Buffer.alloc(22);
  last.writeUInt32LE(0x06054b50, 0);
  const count = end.zip64 ? 0xffff : (end.count ?? entries.length) & 0xffff;
  last.writeUInt16LE(count, 8);
  last.writeUInt16LE(count, 10);
  last.writeUInt32LE(end.zip64 ? 0xffffffff : (end.listLength ?? listBytes.length) >>> 0, 12);
  last.writeUInt32LE(end.zip64 ? 0xffffffff : (end.listAt ?? listAt) >>> 0, 16);
  last.writeUInt16LE(comment.length, 20);
  return Buffer.concat([...parts, last, comment]);
}

function zip64End(count: number, length: number, listAt: number, at: number): Buffer[] {
  const record = Buffer.alloc(56);
  record.writeUInt32LE(0x06064b50, 0);
  record.writeBigUInt64LE(44n, 4);
  record.writeUInt16LE(45, 12);
  record.writeUInt16LE(45, 14);
  for (const [field, value] of [
    [24, count],
    [32, count],
    [40, length],
    [48, listAt],
  ] as const) {
    record.writeBigUInt64LE(BigInt(value), field);
  }
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(0x07064b50, 0);
  locator.writeBigUInt64LE(BigInt(at), 8);
  locator.writeUInt32LE(1, 16);
  return [record, locator];
}
