// Writes and loads packed data sets: loading is one read and one checksum.
import { closeSync, fsyncSync, openSync, readSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { crc32 } from "node:zlib";
import { makeFolder, removeLeftOvers } from "../../durable-file.js";
import { ReatError } from "../../errors.js";
import { channelCount } from "../channels.js";
import { createDataset, type ImageDataset, type ImageSplit, pagedSplit } from "../dataset.js";
import { inOrder, PagedImages } from "../paged-images.js";
import { StoredImages } from "../stored-images.js";
import {
  alignment,
  type PackedHeader,
  type PackedPart,
  type PackedSplit,
  packedHeader,
  packedMagic,
  packedMagicOfSizes,
} from "./format.js";
import { bytesPart, imagesPart, type PartSource, sizesPart, sumOf } from "./parts.js";

/** The system reads and writes less than 2 GiB at once. */
const piece = 2 ** 30;
/** Bytes that are checked at a time where nothing is kept. */
const checked = 2 ** 24;
/** Height and width of an image, 32 bits each. */
const bytesOfSize = 8;
const prefixBytes = packedMagic.length + 8; // magic, header length, header checksum

/** The parts of one split, in the order in which they are written. */
interface SplitSources {
  readonly images: PartSource;
  readonly labels: PartSource;
  readonly sizes: PartSource | null;
}

function partsOf({ images, labels, sizes }: SplitSources): PartSource[] {
  return sizes ? [images, labels, sizes] : [images, labels];
}

/**
 * Writes the data set to `file`: to a temporary file beside it, flushed to the disk, then renamed, so that the name never
 * holds half a file.
 * @param source what it was made from; {@link readPackedHeader} gives it back
 * @throws ReatError `disk` where it cannot be written
 */
export function writePacked(file: string, dataset: ImageDataset, source = ""): void {
  const labelBytes = dataset.train.labels instanceof Uint8Array ? 1 : 2;
  const splits = [dataset.train, dataset.test, ...(dataset.validation ? [dataset.validation] : [])];
  const sources = splits.map(
    (split): SplitSources => ({
      images: imagesPart(split),
      labels: bytesPart(split.labels),
      sizes: sizesPart(split),
    }),
  );
  const parts = sources.flatMap(partsOf);
  // The header's length does not depend on where its offsets point, because it is padded to a whole number of pages.
  const draft = makeHeader(dataset, source, labelBytes, sources, 0);
  const start = align(prefixBytes + Buffer.byteLength(JSON.stringify(draft)) + 512);
  const header = Buffer.from(JSON.stringify(makeHeader(dataset, source, labelBytes, sources, start)));
  const prefix = Buffer.alloc(prefixBytes);
  prefix.write(sources.some(({ sizes }) => sizes) ? packedMagicOfSizes : packedMagic, "latin1");
  prefix.writeUInt32LE(header.length, packedMagic.length);
  prefix.writeUInt32LE(crc32(header), packedMagic.length + 4);

  const temporary = `${file}.${process.pid}.tmp`;
  makeFolder(dirname(file));
  try {
    const out = openSync(temporary, "w");
    try {
      writeAll(out, Buffer.concat([prefix, header]), 0);
      let at = start;
      for (const part of parts) {
        let within = at;
        for (const chunk of part.chunks()) {
          writeAll(out, chunk, within);
          within += chunk.length;
        }
        at = align(at + part.bytes);
      }
      // The last part may be empty or end within a page, so the file's length is checked too.
      writeAll(out, Buffer.from([0]), at);
      fsyncSync(out);
    } finally {
      closeSync(out);
    }
    renameSync(temporary, file);
    removeLeftOvers(file);
  } catch (error) {
    removeQuietly(temporary);
    throw new ReatError(
      "disk",
      `The packed data set ${file} cannot be written: ${(error as Error).message}.`,
      { cause: error },
    );
  }
}

/** Bytes of images up to which a packed file is loaded whole; the images of larger ones stay in it and are read when they are needed. */
export const mostInMemory = 500_000_000;

/**
 * Loads a packed data set and checks every byte of it.
 * @param most bytes of images that are loaded
 * @throws ReatError `data` for a file that is foreign, of another version, cut off or damaged
 */
export function readPacked(file: string, most = mostInMemory): ImageDataset {
  const input = openPacked(file);
  try {
    const header = readHeader(input, file);
    const { train, test, validation, damaged = [], ...rest } = header;
    const all = [train, test, ...(validation ? [validation] : [])];
    const staysInFile =
      all.some(({ sizes }) => sizes) || all.reduce((sum, { images }) => sum + images.bytes, 0) > most;
    const load = (split: PackedSplit): ImageSplit => {
      const { count, images, labels } = split;
      const ids = asClassIds(readPart(input, labels, file), header.labelBytes);
      if (!staysInFile) return { images: readPart(input, images, file), labels: ids, count };
      checkPart(input, images, file);
      const sizes = split.sizes ? readSizes(input, split, header, file) : null;
      const stored = new StoredImages(file, images.offset, header.height, header.width, sizes, images.crc32);
      return pagedSplit(new PagedImages(stored, inOrder(count)), ids);
    };
    return createDataset({
      ...{ ...rest, damaged, train: load(train), test: load(test) },
      ...(validation && { validation: load(validation) }),
    });
  } finally {
    closeSync(input);
  }
}

/** The header alone: names, sizes and source, without reading the images. Throws as {@link readPacked} does. */
export function readPackedHeader(file: string): PackedHeader {
  const input = openPacked(file);
  try {
    return readHeader(input, file);
  } finally {
    closeSync(input);
  }
}

function makeHeader(
  dataset: ImageDataset,
  source: string,
  labelBytes: 1 | 2,
  sources: readonly SplitSources[],
  start: number,
): PackedHeader {
  let at = start;
  const place = ({ bytes, crc32 }: PartSource): PackedPart => {
    const part = { offset: at, bytes, crc32 };
    at = align(at + bytes);
    return part;
  };
  const placed = sources.map(({ images, labels, sizes }) => ({
    images: place(images),
    labels: place(labels),
    ...(sizes && { sizes: place(sizes) }),
  }));
  const { name, synthetic, classNames, height, width, notes, damaged, validation } = dataset;
  return {
    ...{ name, synthetic, classNames: [...classNames], height, width, labelBytes, notes: [...notes], source },
    fileBytes: at + 1,
    train: { count: dataset.train.count, ...placed[0]! },
    test: { count: dataset.test.count, ...placed[1]! },
    ...(validation && { validation: { count: validation.count, ...placed[2]! } }),
    ...(damaged.length > 0 && { damaged: [...damaged] }),
  };
}

function removeQuietly(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // The temporary file may not be removable for the same reason; the first failure is the one to report.
  }
}

function openPacked(file: string): number {
  try {
    return openSync(file, "r");
  } catch (error) {
    throw new ReatError(
      "data",
      `The packed data set ${file} cannot be opened: ${(error as Error).message}.`,
      { cause: error },
    );
  }
}

function readHeader(input: number, file: string): PackedHeader {
  const size = statSync(file).size;
  const prefix = size >= prefixBytes ? readExactly(input, 0, prefixBytes, file) : Buffer.alloc(prefixBytes);
  const magic = prefix.toString("latin1", 0, packedMagic.length);
  if (magic !== packedMagic && magic !== packedMagicOfSizes) {
    const other = magic.startsWith(packedMagic.slice(0, 6))
      ? `of another version (${magic})`
      : "not a packed data set of reat";
    throw new ReatError("data", `${file} is ${other}; prepare the data again.`);
  }
  const length = prefix.readUInt32LE(packedMagic.length);
  if (prefixBytes + length > size) throw cutOff(file);
  const bytes = readExactly(input, prefixBytes, length, file);
  if (crc32(bytes) !== prefix.readUInt32LE(packedMagic.length + 4)) throw damaged(file);
  const header = packedHeader.safeParse(parsed(bytes));
  if (!header.success) throw damaged(file);
  if (size !== header.data.fileBytes) throw cutOff(file);
  if (!partsFit(header.data, size)) throw damaged(file);
  return header.data;
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    return undefined;
  }
}

/** Whether every part lies within the file and has as many bytes as its images or labels take. */
function partsFit(
  { train, test, validation, height, width, labelBytes }: PackedHeader,
  size: number,
): boolean {
  return [train, test, ...(validation ? [validation] : [])].every(({ count, images, labels, sizes }) => {
    const lies = (part: PackedPart, bytes: number) => part.bytes === bytes && part.offset + bytes <= size;
    const fits = sizes
      ? lies(sizes, count * bytesOfSize) && lies(images, images.bytes)
      : lies(images, count * channelCount * height * width);
    return fits && lies(labels, count * labelBytes);
  });
}

/** @throws ReatError `data` where the sizes are not those of the images */
function readSizes(
  input: number,
  { sizes, images }: PackedSplit,
  { height, width }: PackedHeader,
  file: string,
): Uint32Array {
  const bytes = readPart(input, sizes!, file);
  const pairs = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  let sum = 0;
  for (let i = 0; i < pairs.length; i += 2) {
    const [rows, columns] = [pairs[i]!, pairs[i + 1]!];
    if (rows < height || columns < width) throw damaged(file);
    sum += channelCount * rows * columns;
  }
  if (sum !== images.bytes) throw damaged(file);
  return pairs;
}

function readPart(input: number, part: PackedPart, file: string): Uint8Array {
  const bytes = readExactly(input, part.offset, part.bytes, file);
  if (sumOf([bytes]) !== part.crc32) throw damaged(file);
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** As `readPart`, without keeping anything. */
function checkPart(input: number, { offset, bytes, crc32: wanted }: PackedPart, file: string): void {
  let sum = 0;
  for (let at = 0; at < bytes; at += checked) {
    sum = crc32(readExactly(input, offset + at, Math.min(checked, bytes - at), file), sum);
  }
  if (sum !== wanted) throw damaged(file);
}

function readExactly(input: number, offset: number, length: number, file: string): Buffer {
  // Memory of its own: a slice of Node's shared pool would keep the pool and could not be handed to other threads.
  const bytes = Buffer.allocUnsafeSlow(length);
  for (let at = 0; at < length; ) {
    const read = readSync(input, bytes, at, Math.min(length - at, piece), offset + at);
    if (read === 0) throw cutOff(file);
    at += read;
  }
  return bytes;
}

function writeAll(output: number, bytes: Uint8Array, offset: number): void {
  for (let at = 0; at < bytes.length; ) {
    at += writeSync(output, bytes, at, Math.min(bytes.length - at, piece), offset + at);
  }
}

function asClassIds(bytes: Uint8Array, width: 1 | 2): Uint8Array | Uint16Array {
  return width === 1 ? bytes : new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
}

function align(at: number): number {
  return Math.ceil(at / alignment) * alignment;
}

function cutOff(file: string): ReatError {
  return new ReatError(
    "data",
    `${file} is cut off: its size is not what its header says. Delete it and prepare the data again.`,
  );
}

function damaged(file: string): ReatError {
  return new ReatError(
    "data",
    `${file} is damaged: a checksum does not match. Delete it and prepare the data again.`,
  );
}
