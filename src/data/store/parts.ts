// The parts of a packed file before they are written: bytes in memory, or images that are read from another file as they go.
import { crc32 } from "node:zlib";
import { channelCount } from "../channels.js";
import type { ImageSplit } from "../dataset.js";
import { inOrder, type PagedImages } from "../paged-images.js";

/** Bytes that can be gone through more than once. */
export interface PartSource {
  readonly bytes: number;
  readonly crc32: number;
  readonly chunks: () => Iterable<Uint8Array>;
}

/** CRC-32 takes so many bytes at once in every release of Node. */
const piece = 2 ** 30;
/** Bytes of images in memory at a time. */
const mostAtOnce = 2 ** 24;

/** What lies in memory. */
export function bytesPart(array: Uint8Array | Uint16Array | Uint32Array): PartSource {
  const bytes = Buffer.from(array.buffer, array.byteOffset, array.byteLength);
  return { bytes: bytes.length, crc32: sumOf([bytes]), chunks: () => [bytes] };
}

/** The images of a split. */
export function imagesPart(split: ImageSplit): PartSource {
  const { pages } = split;
  if (!pages) return bytesPart(split.images);
  const indices = inOrder(pages.count);
  const images = Math.max(1, Math.floor(mostAtOnce / pages.imageBytes));
  function* chunks(): Generator<Uint8Array> {
    for (let at = 0; at < indices.length; at += images) {
      for (const { planes } of pages!.readWhole(indices.subarray(at, at + images))) yield planes;
    }
  }
  return { bytes: bytesOf(pages), crc32: sumOf(chunks()), chunks };
}

/** Heights and widths of a split's images; null where they are all the same. */
export function sizesPart({ pages }: ImageSplit): PartSource | null {
  if (!pages?.stored.sizes) return null;
  const sizes = new Uint32Array(2 * pages.count);
  for (let i = 0; i < pages.count; i++) {
    const { height, width } = pages.sizeAt(i);
    sizes.set([height, width], 2 * i);
  }
  return bytesPart(sizes);
}

function bytesOf(pages: PagedImages): number {
  let bytes = 0;
  for (let i = 0; i < pages.count; i++) {
    const { height, width } = pages.sizeAt(i);
    bytes += channelCount * height * width;
  }
  return bytes;
}

/** The CRC-32 of all chunks together. */
export function sumOf(chunks: Iterable<Uint8Array>): number {
  let sum = 0;
  for (const bytes of chunks) {
    for (let at = 0; at < bytes.length; at += piece) sum = crc32(bytes.subarray(at, at + piece), sum);
  }
  return sum;
}
