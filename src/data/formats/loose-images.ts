// Images that belong to no data set: files, and all that is in folders and archives, one after the other.
import { statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { ReatError } from "../../errors.js";
import { decodeImage, type ImageSize } from "./image-decoder.js";
import { sourceFiles } from "./source-files.js";

/** One image, and where it was. */
export interface LooseImage {
  /** The path that was given, or the path within the folder or archive behind it. */
  readonly file: string;
  /** Name of the folder it lies in; undefined for an image right in the place that was given. */
  readonly folder: string | undefined;
  /** Three planes, red first, `[3, height, width]`. */
  readonly planes: Uint8Array;
}

/** How images that have no labels are read. */
export interface LooseImageOptions {
  /** Of every image. */
  readonly size: ImageSize;
  /** Scale images of another size so that they cover this one, and cut out the middle. Otherwise they are refused. */
  readonly resize: boolean;
}

const isImageName = (path: string): boolean => /\.(png|jpe?g|webp)$/i.test(path);
const isArchiveName = (path: string): boolean => /\.(zip|tar|tar\.gz|tgz)$/i.test(path);

/**
 * The images of files, folders (all levels, sorted by name) and archives (.zip, .tar, .tar.gz, .tgz, in their order). In folders
 * and archives files that are not named as images are passed over.
 * @throws ReatError `data` naming a place that is not there, holds no image, or an image that is none, damaged or of another size
 */
export async function* looseImages(
  places: readonly string[],
  options: LooseImageOptions,
): AsyncGenerator<LooseImage> {
  for (const place of places) {
    const stats = statSync(place, { throwIfNoEntry: false });
    if (!stats) throw new ReatError("data", `There is no file or folder ${place}.`);
    if (!stats.isDirectory() && !isArchiveName(place)) {
      yield { file: place, folder: undefined, planes: await decode(await readFile(place), place, options) };
      continue;
    }
    let found = 0;
    for await (const { path, read } of sourceFiles(place)) {
      if (!isImageName(path)) continue;
      found += 1;
      const file = `${place.replace(/\/+$/, "")}/${path}`;
      const folder = path.split("/").at(-2);
      yield { file, folder, planes: await decode(await read(), file, options) };
    }
    if (found === 0) {
      throw new ReatError("data", `${place} holds no png, jpeg or webp images (.png, .jpg, .jpeg, .webp).`);
    }
  }
}

async function decode(bytes: Buffer, file: string, { size, resize }: LooseImageOptions): Promise<Uint8Array> {
  const image = await decodeImage(bytes, file, resize ? { cover: size } : {});
  if (image.width !== size.width || image.height !== size.height) {
    throw new ReatError(
      "data",
      `${file} is ${image.width}×${image.height} pixels and the classifier takes ${size.width}×${size.height}; --resize scales images so that they cover this size, and cuts out their middle.`,
    );
  }
  return image.planes;
}
