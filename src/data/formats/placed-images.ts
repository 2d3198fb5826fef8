// Decodes the images of a source whose places are known by their paths, and packs them into splits.
import { ReatError } from "../../errors.js";
import { allocateClassIds, CHANNELS, type ImageSplit } from "../dataset.js";
import type { Progress } from "../progress.js";
import { decodeImage, type ImageSize, unreadable } from "./image-decoder.js";
import { readImageHeader } from "./image-header.js";
import { sourceFiles } from "./source-files.js";

/** Where an image belongs, read from its path. */
export interface ImagePlace {
  readonly split: "train" | "test" | "none";
  readonly className: string;
  /** What is below the class folder; images of a class are ordered by it. */
  readonly name: string;
}

/** A decoded image with its place. */
export interface PlacedImage {
  readonly place: ImagePlace;
  /** `[3, height, width]`. */
  readonly planes: Uint8Array;
}

export interface PlacedImages {
  readonly images: PlacedImage[];
  /** Of every image; undefined where there is none. */
  readonly size: ImageSize | undefined;
  /** Paths of the files without a place. */
  readonly skipped: readonly string[];
}

// Enough to keep the image library's threads busy while the archive is read on.
const IN_FLIGHT = 16;

/**
 * Decodes every file that has a place.
 * @param placeOf the place of a path, or undefined for a file to pass over
 * @throws ReatError `data` for images of unequal size without a size to scale them to, and for damaged ones
 */
export async function loadPlacedImages(
  path: string,
  placeOf: (path: string) => ImagePlace | undefined,
  options: { readonly resize?: ImageSize; readonly progress?: Progress },
): Promise<PlacedImages> {
  const images: PlacedImage[] = [];
  const pending = new Set<Promise<void>>();
  const skipped: string[] = [];
  let size: (ImageSize & { first: string }) | undefined;

  // By the header, in the order of the files: early, and the same complaint every time.
  const checkSize = (bytes: Buffer, where: string) => {
    const header = readImageHeader(bytes);
    if (!header) throw unreadable(where);
    const { height, width } = options.resize ?? header;
    size ??= { height, width, first: where };
    if (height !== size.height || width !== size.width) {
      throw new ReatError(
        "data",
        `${where} is ${width}×${height} and ${size.first} is ${size.width}×${size.height}; ` +
          "all images must have one size, unless a size to scale them to is given (resize).",
      );
    }
  };
  const decode = async (bytes: Buffer, place: ImagePlace, where: string) => {
    images.push({ place, planes: (await decodeImage(bytes, where, options.resize)).planes });
    if (images.length % 500 === 0) {
      options.progress?.({ stage: "decode", done: images.length, total: undefined, unit: "images" });
    }
  };

  for await (const file of sourceFiles(path)) {
    const place = placeOf(file.path);
    if (!place) {
      skipped.push(file.path);
      continue;
    }
    const where = `${file.path} in ${path}`;
    const bytes = await file.read();
    checkSize(bytes, where);
    const job = decode(bytes, place, where).finally(() => pending.delete(job));
    // Failures surface at the next wait; without this they would also count as unhandled.
    job.catch(() => {});
    pending.add(job);
    if (pending.size >= IN_FLIGHT) await Promise.race(pending);
  }
  await Promise.all(pending);
  options.progress?.({ stage: "decode", done: images.length, total: images.length, unit: "images" });
  return { images, size, skipped };
}

/** @param ids class ids by the images' class names */
export function packImages(
  images: readonly PlacedImage[],
  { height, width }: ImageSize,
  ids: ReadonlyMap<string, number>,
): ImageSplit {
  const bytes = CHANNELS * height * width;
  const all = new Uint8Array(images.length * bytes);
  const labels = allocateClassIds(images.length, ids.size);
  images.forEach(({ place, planes }, i) => {
    all.set(planes, i * bytes);
    labels[i] = ids.get(place.className)!;
  });
  return { images: all, labels, count: images.length };
}
