// Reads zip archives whose entries are stored as they are, which is how torch.save writes them.
import { crc32 } from "node:zlib";
import { ReatError } from "../errors.js";

const localHeader = 0x04034b50;
const centralHeader = 0x02014b50;
const endOfDirectory = 0x06054b50;
const endOfDirectory64 = 0x06064b50;
const locator64 = 0x07064b50;
const encryptedFlag = 1;
/** Stands where the real number is in the entry's 64-bit fields. */
const elsewhere = 0xffffffff;

/** Whether a file begins as a zip archive does. */
export function isZip(bytes: Buffer): boolean {
  return bytes.length >= 4 && bytes.readUInt32LE(0) === localHeader;
}

/**
 * The entries of an archive by their path; they share the archive's memory. Checksums are verified.
 * @throws ReatError `checkpoint` for an archive that is cut off, damaged, compressed or encrypted
 */
export function readStoredZip(bytes: Buffer, where: string): Map<string, Buffer> {
  const fail = (why: string): never => {
    throw new ReatError("checkpoint", `${where} cannot be read as a zip archive: ${why}.`);
  };
  try {
    return readEntries(bytes, fail);
  } catch (cause) {
    if (cause instanceof RangeError)
      fail("an offset in it lies outside of the file, so it is cut off or damaged");
    throw cause;
  }
}

type Fail = (why: string) => never;

function readEntries(bytes: Buffer, fail: Fail): Map<string, Buffer> {
  const entries = new Map<string, Buffer>();
  let { at, count } = findDirectory(bytes, fail);
  for (; count > 0; count--) {
    if (bytes.readUInt32LE(at) !== centralHeader) fail("its directory is damaged");
    const [flags, method] = [bytes.readUInt16LE(at + 8), bytes.readUInt16LE(at + 10)];
    const checksum = bytes.readUInt32LE(at + 16);
    const nameLength = bytes.readUInt16LE(at + 28);
    const extraLength = bytes.readUInt16LE(at + 30);
    const commentLength = bytes.readUInt16LE(at + 32);
    const name = bytes.toString("utf8", at + 46, at + 46 + nameLength);
    const extra = bytes.subarray(at + 46 + nameLength, at + 46 + nameLength + extraLength);
    const [size, packed, offset] = wideNumbers(
      [bytes.readUInt32LE(at + 24), bytes.readUInt32LE(at + 20), bytes.readUInt32LE(at + 42)],
      extra,
      fail,
    );
    if (flags & encryptedFlag) fail(`its entry ${name} is encrypted`);
    if (method !== 0 || packed !== size)
      fail(`its entry ${name} is compressed, and torch.save compresses none`);
    const content = entryAt(bytes, offset, size, name, fail);
    if (crc32(content) !== checksum) {
      fail(`its entry ${name} is damaged, or was saved without checksums`);
    }
    entries.set(name, content);
    at += 46 + nameLength + extraLength + commentLength;
  }
  return entries;
}

function entryAt(bytes: Buffer, offset: number, size: number, name: string, fail: Fail): Buffer {
  if (bytes.readUInt32LE(offset) !== localHeader) fail(`its entry ${name} is not where the directory says`);
  // The local header repeats the name, and has extra fields of its own that align the content.
  const start = offset + 30 + bytes.readUInt16LE(offset + 26) + bytes.readUInt16LE(offset + 28);
  if (start + size > bytes.length) fail(`it ends within its entry ${name}`);
  return bytes.subarray(start, start + size);
}

function findDirectory(bytes: Buffer, fail: Fail): { at: number; count: number } {
  // The end record is 22 bytes and a comment of at most 65,535.
  for (let end = bytes.length - 22; end >= Math.max(0, bytes.length - 22 - 0xffff); end--) {
    if (bytes.readUInt32LE(end) !== endOfDirectory) continue;
    const [count, at] = [bytes.readUInt16LE(end + 10), bytes.readUInt32LE(end + 16)];
    if (end < 20 || bytes.readUInt32LE(end - 20) !== locator64) return { at, count };
    const wide = Number(bytes.readBigUInt64LE(end - 20 + 8));
    if (bytes.readUInt32LE(wide) !== endOfDirectory64) fail("its 64-bit directory is damaged");
    return { count: Number(bytes.readBigUInt64LE(wide + 32)), at: Number(bytes.readBigUInt64LE(wide + 48)) };
  }
  return fail("it has no directory at its end, so it is cut off");
}

/** Size, packed size and offset, of which those that are too large stand in extra field 1, in this order. */
function wideNumbers(numbers: [number, number, number], extra: Buffer, fail: Fail): [number, number, number] {
  if (!numbers.includes(elsewhere)) return numbers;
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) !== 1) continue;
    let from = at + 4;
    const next = (number: number) => {
      if (number !== elsewhere) return number;
      from += 8;
      return Number(extra.readBigUInt64LE(from - 8));
    };
    const [size, packed, offset] = numbers;
    return [next(size), next(packed), next(offset)];
  }
  return fail("an entry has no 64-bit sizes where it needs them");
}
