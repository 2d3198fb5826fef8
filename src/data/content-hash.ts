// What the images themselves are, as a hash: a replaced picture has the name and the place of the one before it.
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { type ImageSplit, imageAt } from "./dataset.js";

/**
 * A hash of the images at `indices` with the names of their classes, in whatever order they lie: "images:" and SHA-256 over the CRC-32 of
 * each. Where the images stay in a packed file it is "file:" and the file's own CRC-32 of the whole split, which loading it has checked.
 * @returns null for images in a file that has no checksum
 */
export function contentHash(
  split: ImageSplit,
  classNames: readonly string[],
  indices: ArrayLike<number>,
): string | null {
  if (split.pages) {
    const { checksum } = split.pages.stored;
    return checksum === null ? null : `file:${checksum.toString(16).padStart(8, "0")}`;
  }
  const lines = Array.from(indices, (index) => {
    const name = classNames[split.labels[index]!]!;
    return `${JSON.stringify(name)} ${crc32(imageAt(split, index)).toString(16)}\n`;
  });
  return `images:${createHash("sha256").update(lines.sort().join("")).digest("hex")}`;
}
