// Small class folders, the contents of archives under trial, and how a reader's result becomes a text.
import { createHash } from "node:crypto";
import type { ImageDataset } from "reat";
import { detectSource, readSource } from "reat/data";
import sharp, { type Sharp } from "sharp";

/** Encoded once in a process: the same images in three forms, and one of another size. */
export interface Pictures {
  readonly png: readonly Buffer[];
  readonly jpeg: readonly Buffer[];
  readonly webp: readonly Buffer[];
}

const side = 8;
let pictures: Pictures | undefined;

/** Draws and encodes the images. */
export async function preparePictures(): Promise<void> {
  if (pictures) return;
  const drawn = Array.from({ length: 6 }, (_, n) => {
    const pixels = Buffer.from(
      Array.from({ length: side * side * 3 }, (_, i) => (i * (7 + 4 * n) + n * 40) % 256),
    );
    return sharp(pixels, { raw: { width: side, height: side, channels: 3 } });
  });
  const all = (encode: (image: Sharp) => Sharp) =>
    Promise.all(drawn.map((image) => encode(image.clone()).toBuffer()));
  pictures = {
    png: await all((image) => image.png()),
    jpeg: await all((image) => image.jpeg()),
    webp: await all((image) => image.webp({ lossless: true })),
  };
}

/** @throws Error before `preparePictures` */
export function preparedPictures(): Pictures {
  if (!pictures) throw new Error("the pictures are not prepared");
  return pictures;
}

/** Two classes of three images, in the order of their paths. */
export function folderEntries(): { path: string; content: Buffer }[] {
  const { png } = preparedPictures();
  return png.map((content, n) => ({ path: `${n < 3 ? "ant" : "bee"}/${n % 3}.png`, content }));
}

/** Classes, sizes, labels and pixels; the name is the file's, which mutations keep. */
export function describeDataset({ classNames, height, width, train, test }: ImageDataset): string {
  const hash = (...parts: readonly Uint8Array[]) => {
    const sum = createHash("sha256");
    for (const part of parts) sum.update(part);
    return sum.digest("hex").slice(0, 16);
  };
  const split = ({ count, images, labels }: ImageDataset["train"]) => [
    count,
    hash(images),
    hash(Uint8Array.from(labels)),
  ];
  return JSON.stringify({ classNames, height, width, train: split(train), test: split(test) });
}

/** Reads a path as `reat data show` does, past any cache. */
export async function readImages(path: string): Promise<string> {
  return describeDataset(await readSource(await detectSource(path)));
}
