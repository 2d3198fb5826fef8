// Reads images sorted into one folder per class, from a folder or an archive: train/<class>/…, test/<class>/…, or classes only.
import { basename } from "node:path";
import { ReatError } from "../errors.js";
import { allocateClassIds, CHANNELS, createDataset, type ImageDataset, type ImageSplit } from "./dataset.js";
import { decodeImage, type ImageSize, unreadable } from "./image-decoder.js";
import { readImageHeader } from "./image-header.js";
import { MersenneTwister } from "./mersenne-twister.js";
import type { Progress } from "./progress.js";
import { compareNames, sourceFiles } from "./source-files.js";

export interface ClassFolderOptions {
  /** Scales every image to this size; without it all images must have one size. */
  readonly resize?: ImageSize;
  /** Share of each class drawn for the test where the data has no test split. Default 0.2. */
  readonly testShare?: number;
  /** Seed of that draw. Default 0. */
  readonly testSeed?: number;
  readonly progress?: Progress;
}

/** Where an image belongs, read from its path. */
export interface ImagePlace {
  readonly split: "train" | "test" | "none";
  readonly className: string;
  /** What is below the class folder; images of a class are ordered by it. */
  readonly name: string;
}

const SPLITS: Readonly<Record<string, "train" | "test">> = {
  train: "train",
  training: "train",
  test: "test",
  val: "test",
  valid: "test",
  validation: "test",
};

/** The place of an image by its path, or undefined for files that are no images or in no class folder. */
export function placeOf(path: string): ImagePlace | undefined {
  if (!/\.(png|jpe?g|webp)$/i.test(path)) return undefined;
  const parts = path.split("/");
  const at = parts.findIndex((part, i) => part.toLowerCase() in SPLITS && i + 2 < parts.length);
  if (at >= 0) {
    return {
      split: SPLITS[parts[at]!.toLowerCase()]!,
      className: parts[at + 1]!,
      name: parts.slice(at + 2).join("/"),
    };
  }
  if (parts.length < 2) return undefined;
  return { split: "none", className: parts.at(-2)!, name: parts.at(-1)! };
}

interface Loaded {
  readonly place: ImagePlace;
  readonly planes: Uint8Array;
}

// Enough to keep the image library's threads busy while the archive is read on.
const IN_FLIGHT = 16;

/**
 * Class ids follow the alphabetical order of the class names (by code unit, as Python sorts), images within a class that
 * of their names. `val/` counts as the test split where there is no `test/`.
 * @throws ReatError `data` for images of unequal size, damaged images, classes in one split only, or no images at all
 */
export async function readClassFolders(
  path: string,
  options: ClassFolderOptions = {},
): Promise<ImageDataset> {
  const loaded: Loaded[] = [];
  const pending = new Set<Promise<void>>();
  const skipped = new Map<string, number>();
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
    loaded.push({ place, planes: (await decodeImage(bytes, where, options.resize)).planes });
    if (loaded.length % 500 === 0) {
      options.progress?.({ stage: "decode", done: loaded.length, total: undefined, unit: "images" });
    }
  };

  for await (const file of sourceFiles(path)) {
    const place = placeOf(file.path);
    if (!place) {
      const kind = /\.[^./]+$/.exec(file.path)?.[0].toLowerCase() ?? "no ending";
      skipped.set(kind, (skipped.get(kind) ?? 0) + 1);
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
  if (!size) throw new ReatError("data", `${path} holds no png, jpeg or webp images in class folders.`);
  options.progress?.({ stage: "decode", done: loaded.length, total: loaded.length, unit: "images" });
  return arrange(path, loaded, size, skipped, options);
}

function arrange(
  path: string,
  loaded: Loaded[],
  size: ImageSize,
  skipped: ReadonlyMap<string, number>,
  options: ClassFolderOptions,
): ImageDataset {
  const notes: string[] = [];
  if (skipped.size > 0) {
    const kinds = [...skipped].map(([kind, count]) => `${count} × ${kind}`).join(", ");
    notes.push(`Files that are no images in class folders were passed over: ${kinds}.`);
  }
  loaded.sort(
    (a, b) => compareNames(a.place.className, b.place.className) || compareNames(a.place.name, b.place.name),
  );
  const named = loaded.filter((image) => image.place.split !== "none");
  if (named.length > 0 && named.length < loaded.length) {
    notes.push(`${loaded.length - named.length} images outside train/ and test/ were passed over.`);
  }
  let train = named.filter((image) => image.place.split === "train");
  let test = named.filter((image) => image.place.split === "test");
  if (test.length === 0) {
    const { testShare = 0.2, testSeed = 0 } = options;
    [train, test] = drawTest(path, train.length > 0 ? train : loaded, testShare, testSeed);
    notes.push(
      `There is no test split: ${Math.round(testShare * 100)} % of each class were drawn for it with seed ${testSeed}.`,
    );
  }
  const classNames = [...new Set(train.map((image) => image.place.className))];
  const foreign = test.find((image) => !classNames.includes(image.place.className));
  if (foreign) {
    throw new ReatError(
      "data",
      `Class "${foreign.place.className}" of ${path} has test images but no training images.`,
    );
  }
  if (classNames.length < 2) {
    throw new ReatError(
      "data",
      `${path} has ${classNames.length} class with training images; at least 2 class folders are needed.`,
    );
  }
  const ids = new Map(classNames.map((name, id) => [name, id]));
  const pack = (images: Loaded[]): ImageSplit => {
    const bytes = CHANNELS * size.height * size.width;
    const all = new Uint8Array(images.length * bytes);
    const labels = allocateClassIds(images.length, classNames.length);
    images.forEach(({ place, planes }, i) => {
      all.set(planes, i * bytes);
      labels[i] = ids.get(place.className)!;
    });
    return { images: all, labels, count: images.length };
  };
  return createDataset({
    name: basename(path).replace(/\.(tar(\.gz)?|tgz)$/i, ""),
    synthetic: false,
    classNames,
    height: size.height,
    width: size.width,
    train: pack(train),
    test: pack(test),
    notes,
  });
}

/** Stratified: of every class the same share, at least one image, and at least one left to train on. */
function drawTest(path: string, images: Loaded[], share: number, seed: number): [Loaded[], Loaded[]] {
  if (!(share > 0 && share < 1))
    throw new ReatError("config", `The test share is ${share}; it must lie between 0 and 1.`);
  const stream = new MersenneTwister(seed);
  const byClass = new Map<string, number[]>();
  images.forEach((image, i) => {
    const list = byClass.get(image.place.className);
    if (list) list.push(i);
    else byClass.set(image.place.className, [i]);
  });
  const drawn = new Set<number>();
  for (const [name, list] of byClass) {
    if (list.length < 2) {
      throw new ReatError(
        "data",
        `Class "${name}" of ${path} has one image; without a test split every class needs at least 2.`,
      );
    }
    const count = Math.min(list.length - 1, Math.max(1, Math.round(list.length * share)));
    for (const i of stream.shuffle(list).slice(0, count)) drawn.add(i);
  }
  return [images.filter((_, i) => !drawn.has(i)), images.filter((_, i) => drawn.has(i))];
}
