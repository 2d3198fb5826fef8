// Images without labels: files, and the contents of folders and archives, one after the other.
import { statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { DamagedEntry, defaultArchiveLimits } from "../../archives/index.js";
import { ReatError } from "../../errors.js";
import { type DecodeOptions, decodeImage, type ImageSize, UnreadableImage } from "./image-decoder.js";
import { listedFiles, listSource } from "./source-files.js";

/** One image, and where it was found. */
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
  /** Of every image, once it is decoded. */
  readonly size: ImageSize;
  /** How files become images; one that then has another size is refused. */
  readonly decode: DecodeOptions;
  /** Called for each file that is damaged or no image and is then skipped; without it, the first such file is an error. */
  readonly onUnreadable?: ((file: string, why: string) => void) | undefined;
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
    if (stats.isDirectory() || isArchiveName(place)) {
      yield* imagesWithin(place, options);
      continue;
    }
    const planes = await readable(place, options, () => readFile(place));
    if (planes) yield { file: place, folder: undefined, planes };
  }
}

async function* imagesWithin(place: string, options: LooseImageOptions): AsyncGenerator<LooseImage> {
  const { files, problems } = await listSource(place);
  const named = (path: string) => `${place.replace(/\/+$/, "")}/${path}`;
  const images = files.filter(({ path }) => isImageName(path));
  const lost = problems.filter(({ path }) => isImageName(path));
  if (images.length + lost.length === 0) {
    throw new ReatError("data", `${place} holds no png, jpeg or webp images (.png, .jpg, .jpeg, .webp).`);
  }
  for (const { path, why } of lost) {
    await readable(named(path), options, () => Promise.reject(new UnreadableImage(named(path), why)));
  }
  for await (const { path, read } of listedFiles(place, { files: images }, defaultArchiveLimits)) {
    const planes = await readable(named(path), options, read);
    if (planes) yield { file: named(path), folder: path.split("/").at(-2), planes };
  }
}

/** The planes of a file, or null where it is no image and was skipped. */
async function readable(
  file: string,
  { size, decode, onUnreadable }: LooseImageOptions,
  read: () => Promise<Buffer>,
): Promise<Uint8Array | null> {
  let image: Awaited<ReturnType<typeof decodeImage>>;
  try {
    image = await decodeImage(await read(), file, decode);
  } catch (error) {
    const unreadable = error instanceof UnreadableImage || error instanceof DamagedEntry;
    if (!unreadable || !onUnreadable) throw error;
    onUnreadable(file, error.why);
    return null;
  }
  if (image.width === size.width && image.height === size.height) return image.planes;
  throw new ReatError(
    "data",
    `${file} is ${image.width}×${image.height} pixels and the classifier takes ${size.width}×${size.height}; --resize scales images so that they cover this size, and cuts out their middle.`,
  );
}
