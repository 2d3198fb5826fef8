// Reads images sorted into one folder per class, from a folder or an archive: train/<class>/…, test/<class>/…, or classes only.
import { basename } from "node:path";
import { ReatError } from "../../errors.js";
import { createDataset, type ImageDataset } from "../dataset.js";
import { MersenneTwister } from "../mersenne-twister.js";
import type { Progress } from "../progress.js";
import type { ImageSize } from "./image-decoder.js";
import { type ImagePlace, loadPlacedImages, type PlacedImage, packImages } from "./placed-images.js";
import { compareNames } from "./source-files.js";

/** How images in one folder per class are read. */
export interface ClassFolderOptions {
  /** Scales every image to this size; without it all images must have one size. */
  readonly resize?: ImageSize;
  /** Share of each class drawn for the test where the data has no test split. Default 0.2. */
  readonly testShare?: number;
  /** Seed of that draw. Default 0. */
  readonly testSeed?: number;
  readonly progress?: Progress;
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

/**
 * Class ids follow the alphabetical order of the class names (by code unit, as Python sorts), images within a class that
 * of their names. `val/` counts as the test split where there is no `test/`.
 * @throws ReatError `data` for images of unequal size, damaged images, classes in one split only, or no images at all
 */
export async function readClassFolders(
  path: string,
  options: ClassFolderOptions = {},
): Promise<ImageDataset> {
  const { images, size, skipped } = await loadPlacedImages(path, placeOf, options);
  if (!size) throw new ReatError("data", `${path} holds no png, jpeg or webp images in class folders.`);
  return arrange(path, images, size, skipped, options);
}

function arrange(
  path: string,
  loaded: PlacedImage[],
  size: ImageSize,
  skipped: readonly string[],
  options: ClassFolderOptions,
): ImageDataset {
  const notes: string[] = [];
  if (skipped.length > 0) {
    const counts = new Map<string, number>();
    for (const file of skipped) {
      const kind = /\.[^./]+$/.exec(file)?.[0].toLowerCase() ?? "no ending";
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
    }
    const kinds = [...counts].map(([kind, count]) => `${count} × ${kind}`).join(", ");
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
  return createDataset({
    name: basename(path).replace(/\.(zip|tar(\.gz)?|tgz)$/i, ""),
    synthetic: false,
    classNames,
    height: size.height,
    width: size.width,
    train: packImages(train, size, ids),
    test: packImages(test, size, ids),
    notes,
  });
}

/** Stratified: of every class the same share, at least one image, and at least one left to train on. */
function drawTest(
  path: string,
  images: PlacedImage[],
  share: number,
  seed: number,
): [PlacedImage[], PlacedImage[]] {
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
