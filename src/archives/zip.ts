// Reads zip archives: files one at a time, and archives that lie in memory as a whole.
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { crc32, inflateRawSync } from "node:zlib";
import { ReatError } from "../errors.js";
import { insidePath } from "./entry-names.js";
import { type ArchiveLimits, Budget, defaultArchiveLimits } from "./limits.js";
import { ListingBuilder } from "./listing.js";
import { DamagedEntry, type ListedFile, type Listing, type SourceFile } from "./source-file.js";
import {
  endMark,
  localMark,
  packedBytes,
  type RandomAccess,
  type Refuse,
  type ZipEntry,
  zipEntries,
} from "./zip-list.js";

/** The beginning of an archive that could have been split into several files, and was not. */
const wholeMark = 0x08074b50;
/** The content of a link is a path; no system has paths longer than this. */
const longestTarget = 4096;

/** Whether bytes begin as a zip archive does. */
export function isZip(bytes: Buffer): boolean {
  return bytes.length >= 4 && bytes.readUInt32LE(0) === localMark;
}

/** Whether a file begins as a zip archive does. */
export function isZipFile(file: string): boolean {
  const handle = openSync(file, "r");
  try {
    const magic = Buffer.alloc(4);
    if (readSync(handle, magic, 0, 4, 0) < 4) return false;
    return [localMark, endMark, wholeMark].includes(magic.readUInt32LE(0));
  } finally {
    closeSync(handle);
  }
}

/**
 * The regular files of a zip archive, in the order of its list. A file's sum is checked when it is read.
 * @throws ReatError `data` where the archive is cut off, damaged or larger than the limits; on reading, a DamagedEntry for
 * a file that does not unpack, is encrypted, or is packed by a method other than deflate
 */
export async function* readZip(
  file: string,
  limits: ArchiveLimits = defaultArchiveLimits,
): AsyncGenerator<SourceFile> {
  const archive = new ZipFile(file, limits);
  try {
    for (const entry of archive.entries()) {
      const path = insidePath(entry.path);
      if (isFolder(entry) || entry.link || !path) continue;
      yield { path, size: entry.size, read: async () => archive.read(entry) };
    }
  } finally {
    archive.close();
  }
}

/** All that is in a zip archive, links resolved. Throws as {@link readZip} does. */
export async function listZip(file: string, limits: ArchiveLimits): Promise<Listing> {
  const listing = new ListingBuilder("dos");
  const archive = new ZipFile(file, limits);
  try {
    for (const entry of archive.entries()) {
      const { name, size } = entry;
      const link = entry.link && size <= longestTarget;
      const kind = isFolder(entry) ? "folder" : link ? "symbolic-link" : "file";
      listing.add({ name, kind, size, ...(link && { target: archive.read(entry) }) });
    }
  } finally {
    archive.close();
  }
  return listing.end();
}

/** The files of a list, in archive order, the same bytes under each of their names. */
export async function* readListedZip(
  file: string,
  files: readonly ListedFile[],
  limits: ArchiveLimits,
): AsyncGenerator<SourceFile> {
  const archive = new ZipFile(file, limits);
  try {
    const entries = [...archive.entries()];
    for (const { path, size, at } of files) {
      yield { path, size, read: async () => archive.read(entries[at]!) };
    }
  } finally {
    archive.close();
  }
}

/**
 * The entries of an archive in memory by their path, which share that memory; all of them must be stored as they are.
 * Checksums are verified.
 * @throws what `refuse` makes, for an archive that is cut off, damaged, compressed or encrypted, or in which a name or bytes
 * are there twice
 */
export function readStoredZip(bytes: Buffer, refuse: Refuse): Map<string, Buffer> {
  const source = { length: bytes.length, bytes: (at: number, n: number) => bytes.subarray(at, at + n) };
  const contents = new Map<string, Buffer>();
  let total = 0;
  for (const entry of zipEntries(source, refuse)) {
    const { path, size } = entry;
    if (entry.encrypted) throw refuse(`its entry ${path} is encrypted`);
    if (entry.method !== 0 || entry.packed !== size)
      throw refuse(`its entry ${path} is compressed, and torch.save compresses none`);
    if (contents.has(path)) throw refuse(`its entry ${path} is there twice`);
    total += size;
    if (total > bytes.length) throw refuse("its entries lie over each other");
    const content = packedBytes(source, entry, refuse);
    if (crc32(content) !== entry.sum)
      throw refuse(`its entry ${path} is damaged, or was saved without checksums`);
    contents.set(path, content);
  }
  return contents;
}

const isFolder = ({ path }: ZipEntry): boolean => path.endsWith("/");

class ZipFile {
  readonly #handle: number;
  readonly #source: RandomAccess;
  readonly #refuse: Refuse;

  constructor(
    readonly file: string,
    readonly limits: ArchiveLimits,
  ) {
    this.#handle = openSync(file, "r");
    this.#source = { length: statSync(file).size, bytes: (at, length) => readAt(this.#handle, at, length) };
    this.#refuse = (why, cause) =>
      new ReatError("data", `${file} is damaged: ${why}. Get it again.`, { cause });
  }

  *entries(): Generator<ZipEntry> {
    const budget = new Budget(this.file, this.limits);
    for (const entry of zipEntries(this.#source, this.#refuse)) {
      budget.take(entry.path, entry.size);
      yield entry;
    }
  }

  read(entry: ZipEntry): Buffer {
    const { path, encrypted, method, sum, size } = entry;
    const where = `${path} in ${this.file}`;
    if (encrypted) throw new DamagedEntry(`${where} is encrypted; unpack it first.`, "is encrypted");
    if (method !== 0 && method !== 8) {
      throw new DamagedEntry(
        `${where} is packed by method ${method}; accepted are stored and deflated files.`,
        `is packed by method ${method}`,
      );
    }
    const damaged: Refuse = (why, cause) =>
      new DamagedEntry(`${this.file} is damaged: ${path} ${why}. Get it again.`, why, { cause });
    const bytes = packedBytes(this.#source, entry, this.#refuse);
    const unpacked = method === 0 ? bytes : inflate(bytes, size, damaged);
    if (unpacked.length !== size || crc32(unpacked) !== sum) throw damaged("fails its checksum");
    return unpacked;
  }

  close(): void {
    closeSync(this.#handle);
  }
}

function inflate(bytes: Buffer, size: number, damaged: Refuse): Buffer {
  try {
    return inflateRawSync(bytes, { maxOutputLength: Math.max(size, 1) });
  } catch (cause) {
    throw damaged("does not unpack", cause);
  }
}

function readAt(handle: number, at: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let done = 0; done < length; ) {
    const read = readSync(handle, bytes, done, length - done, at + done);
    if (read === 0) throw new Error("The file became shorter while it was read.");
    done += read;
  }
  return bytes;
}
