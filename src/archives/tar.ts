// Reads tar archives, plain or gzipped, as a stream of files: one entry in memory at a time.
import { ReatError } from "../errors.js";
import { ByteReader, CutOff, openBytes } from "./byte-reader.js";
import { decodeName, insidePath } from "./entry-names.js";
import { type ArchiveLimits, Budget, defaultArchiveLimits } from "./limits.js";
import { type ArchiveEntry, ListingBuilder } from "./listing.js";
import type { ListedFile, Listing, SourceFile } from "./source-file.js";
import {
  BadHeader,
  blockBytes,
  type PaxRecords,
  readPax,
  readTarHeader,
  text,
  WrongChecksum,
} from "./tar-header.js";

// Extended headers hold names; one of megabytes is a corrupt or hostile archive.
const largestHeader = 1 << 20;

/**
 * The regular files of a `.tar`, `.tar.gz` or `.tgz`, in archive order; the form is seen from its first bytes.
 * ustar, GNU long names and pax headers are understood. {@link listTar} lists what else is in it.
 * @throws ReatError `data` where the archive is cut off, damaged, no tar archive, or larger than the limits
 */
export async function* readTar(
  file: string,
  limits: ArchiveLimits = defaultArchiveLimits,
): AsyncGenerator<SourceFile> {
  for await (const { name, kind, size, read } of tarEntries(file, limits)) {
    const path = insidePath(decodeName(name, "latin1").text);
    if (kind === "file" && path) yield { path, size, read };
  }
}

/** All that is in a tar archive, links resolved. Throws as {@link readTar} does. */
export async function listTar(file: string, limits: ArchiveLimits): Promise<Listing> {
  const listing = new ListingBuilder("latin1");
  for await (const entry of tarEntries(file, limits)) listing.add(entry);
  return listing.end();
}

/** The files of a list, in archive order, the same bytes under each of their names. */
export async function* readListedTar(
  file: string,
  files: readonly ListedFile[],
  limits: ArchiveLimits,
): AsyncGenerator<SourceFile> {
  const wanted = new Map<number, ListedFile[]>();
  for (const entry of files) {
    const sharing = wanted.get(entry.at);
    if (sharing) sharing.push(entry);
    else wanted.set(entry.at, [entry]);
  }
  let at = 0;
  for await (const { read } of tarEntries(file, limits)) {
    let bytes: Promise<Buffer> | undefined;
    const once = () => {
      bytes ??= read();
      return bytes;
    };
    for (const { path, size } of wanted.get(at) ?? []) yield { path, size, read: once };
    at++;
  }
}

interface TarEntry extends ArchiveEntry {
  read(): Promise<Buffer>;
}

async function* tarEntries(file: string, limits: ArchiveLimits): AsyncGenerator<TarEntry> {
  const budget = new Budget(file, limits);
  // Headers and padding count too, so that an archive of nothing else reaches the limit.
  const bytes = new ByteReader(await openBytes(file), 2 * limits.totalBytes, () => budget.tooMuch());
  try {
    yield* entries(bytes, file, budget);
  } catch (error) {
    throw explain(error, file);
  } finally {
    await bytes.close();
  }
}

async function* entries(bytes: ByteReader, file: string, budget: Budget): AsyncGenerator<TarEntry> {
  let pax: PaxRecords = {};
  for (let first = true; ; first = false) {
    const block = await bytes.take(blockBytes);
    if (block.every((byte) => byte === 0)) {
      if (first) throw new ReatError("data", `${file} is an empty archive.`);
      // Reading on to the end makes gzip check its own checksum.
      await bytes.drain();
      return;
    }
    const header = firstHeader(block, first, file);
    if (isMeta(header.type)) {
      const { size } = header;
      if (size > largestHeader)
        throw new ReatError("data", `${file} is damaged: a file name of ${size} bytes.`);
      const body = (await bytes.take(padded(size))).subarray(0, size);
      if (header.type === "L") pax.path ??= Buffer.from(text(body));
      else if (header.type === "K") pax.target ??= Buffer.from(text(body));
      else if (header.type === "x") pax = { ...pax, ...readPax(Buffer.from(body)) };
      continue;
    }
    const kind = kindOf(header.type, pax.sparse === true, header.name);
    // As for other readers, links and devices have no contents: the size of a link is that of what it points to.
    const size = "12346".includes(header.type) ? 0 : (pax.size ?? header.size);
    const name = pax.path ?? Buffer.from(header.name);
    const target = pax.target ?? Buffer.from(header.target);
    pax = {};
    // GNU's sparse files keep the list of their holes in further blocks, each with a flag for one more.
    if (header.type === "S" && block[482] !== 0) while ((await bytes.take(blockBytes))[504] !== 0);
    budget.take(decodeName(name, "latin1").text, size);
    let reading: Promise<Buffer> | undefined;
    yield {
      ...{ name, size, target, ...kind },
      read: async () => {
        reading = bytes.take(padded(size));
        try {
          return (await reading).subarray(0, size);
        } catch (error) {
          throw explain(error, file);
        }
      },
    };
    // A read still under way has to end before the next header can be looked at.
    if (reading) await reading;
    else await bytes.skip(padded(size));
  }
}

function firstHeader(block: Buffer, first: boolean, file: string) {
  try {
    return readTarHeader(block);
  } catch (error) {
    if (first && error instanceof WrongChecksum) throw new ReatError("data", `${file} is not a tar archive.`);
    throw error;
  }
}

const isMeta = (type: string): boolean => "LKxg".includes(type);
const padded = (size: number): number => Math.ceil(size / blockBytes) * blockBytes;

/** Kinds of entries that are neither files nor folders nor links. */
const others: Readonly<Record<string, string>> = {
  S: "a sparse file, which is not read from an archive: unpack it, or pack it without --sparse",
  3: "a device",
  4: "a device",
  6: "a pipe",
  M: "a part of a file that begins in another archive",
};

function kindOf(type: string, sparse: boolean, name: Buffer): Pick<TarEntry, "kind" | "what"> {
  if (sparse) return { kind: "other", what: others.S! };
  switch (type) {
    case "0":
    case "\0":
    case "7":
      // Before there was a type for folders, a slash at the end said so.
      return { kind: name.at(-1) === 0x2f ? "folder" : "file" };
    case "1":
      return { kind: "hard-link" };
    case "2":
      return { kind: "symbolic-link" };
    case "5":
    case "D":
      return { kind: "folder" };
    default:
      return { kind: "other", what: others[type] ?? `an entry of the unknown type ${JSON.stringify(type)}` };
  }
}

function explain(error: unknown, file: string): unknown {
  if (error instanceof ReatError) return error;
  if (error instanceof BadHeader) {
    return new ReatError("data", `${file} is damaged: ${error.message}.`, { cause: error });
  }
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
