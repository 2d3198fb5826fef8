// Reads images sorted into one folder per class, from a folder or an archive, in any of the supported layouts.
import { basename } from "node:path";
import { type Listing, someOf } from "../../archives/index.js";
import { ReatError } from "../../errors.js";
import { createDataset, type ImageDataset } from "../dataset.js";
import { MersenneTwister } from "../mersenne-twister.js";
import { layOut } from "./class-layout.js";
import { defineFormat } from "./format.js";
import { compareNames, isImage } from "./names.js";
import {
  animatedNotes,
  damagedNotes,
  type ImageOptions,
  type ImagePlace,
  loadPlacedImages,
  type PlacedImage,
  type PlacedImages,
  packImages,
  type Split,
} from "./placed-images.js";
import { listSource } from "./source-files.js";

/** How images in one folder per class are read. */
export interface ClassFolderOptions extends ImageOptions {
  /** Share of each class drawn as the test split where the data has none. Default 0.2. */
  readonly testShare?: number;
  /** Seed of that draw. Default 0. */
  readonly testSeed?: number;
}

/**
 * Class ids follow the alphabetical order of the class names (by code unit, as Python sorts), images within a class that
 * of their names. `val/` is the validation split beside a `test/`, and the test split where there is none; data with a test
 * split only has no training images.
 * @throws ReatError `data` for images of unequal size, damaged images, classes in one split only, or no images at all
 */
export async function readClassFolders(
  path: string,
  options: ClassFolderOptions = {},
): Promise<ImageDataset> {
  const listing = await listSource(path, options.limits);
  const { places, notes } = layOut(path, listing);
  const loaded = await loadPlacedImages(path, listing, places, options);
  refuseEmptied(path, places, loaded);
  return arrangeImages(path, loaded, [...listing.notes, ...notes, ...problemNotes(listing, loaded)], options);
}

/** @throws ReatError `data` for a class of which every image in a split is damaged: without it, the others' ids would shift */
export function refuseEmptied(
  path: string,
  places: ReadonlyMap<string, ImagePlace>,
  { images }: PlacedImages,
): void {
  const key = ({ split, className }: ImagePlace) => JSON.stringify([split, className]);
  const left = new Set(images.map(({ place }) => key(place)));
  for (const place of places.values()) {
    if (left.has(key(place))) continue;
    const where = place.split === "none" ? "" : ` in its ${place.split} split`;
    throw new ReatError(
      "data",
      `All images of class "${place.className}" of ${path}${where} are damaged; mend them, or remove the folder.`,
    );
  }
}

/** Links and other things that could not be read and are not named as images. */
function problemNotes({ problems }: Listing, { damaged }: PlacedImages): string[] {
  const counted = new Set(damaged.map(({ path }) => path));
  return problems.filter(({ path }) => !counted.has(path)).map(({ path, why }) => `${path} ${why}.`);
}

/**
 * The splits of images whose places are known; a test split is drawn where there is none.
 * @param compareClasses the order of the class ids; default: that of the names
 * @throws ReatError `data` for a class in a test split alone, or a single class
 */
export function arrangeImages(
  path: string,
  { images, size, damaged, animated, spilled }: PlacedImages,
  notes: string[],
  options: ClassFolderOptions,
  compareClasses: (a: string, b: string) => number = compareNames,
): ImageDataset {
  const sorted = [...images].sort(
    (a, b) =>
      compareClasses(a.place.className, b.place.className) || compareNames(a.place.name, b.place.name),
  );
  const of = (split: Split) => sorted.filter((image) => image.place.split === split);
  let [train, test, validation] = [of("train"), of("test"), of("validation")];
  if (test.length === 0 && validation.length > 0) {
    [test, validation] = [validation, []];
    notes.push("There is no test/: the images in val/ are the test split.");
  } else if (validation.length > 0) {
    notes.push(
      `The ${validation.length} images in val/ are the validation split: they choose the best checkpoint where training.select is validation, and are not used otherwise.`,
    );
  }
  if (test.length === 0) {
    const { testShare = 0.2, testSeed = 0 } = options;
    const all = train.length > 0 ? train : sorted;
    [train, test] = drawTest(path, all, testShare, testSeed);
    notes.push(
      `There is no test split: ${Math.round(testShare * 100)} % of each class were drawn for it with seed ${testSeed}.`,
    );
  } else if (train.length === 0) {
    notes.push("There are no training images: the data can be evaluated on, not trained on.");
  }
  notes.push(...damagedNotes(damaged), ...animatedNotes(animated));
  const classNames = namesOf(path, train, test, validation);
  const ids = new Map(classNames.map((name, id) => [name, id]));
  const tested = new Set(test.map(({ place }) => place.className));
  const untested = classNames.filter((name) => !tested.has(name));
  if (untested.length > 0) notes.push(`Classes without test images: ${someOf(untested)}.`);
  return createDataset({
    name: basename(path).replace(/\.(zip|tar(\.gz)?|tgz|txt|lst)$/i, ""),
    synthetic: false,
    classNames,
    ...{ height: size!.height, width: size!.width },
    train: packImages(train, size!, ids, spilled),
    test: packImages(test, size!, ids, spilled),
    ...(validation.length > 0 && { validation: packImages(validation, size!, ids, spilled) }),
    ...{ damaged, notes },
  });
}

/** The classes of the training images, which those of the other splits must be among; of the test where that is all. */
function namesOf(
  path: string,
  train: readonly PlacedImage[],
  test: readonly PlacedImage[],
  validation: readonly PlacedImage[],
): string[] {
  const first = train.length > 0 ? train : test;
  const classNames = [...new Set(first.map((image) => image.place.className))];
  for (const [split, images] of [
    ["test", test],
    ["validation", validation],
  ] as const) {
    const foreign = images.find((image) => !classNames.includes(image.place.className));
    if (foreign) {
      throw new ReatError(
        "data",
        `Class "${foreign.place.className}" of ${path} has ${split} images but no ${train.length > 0 ? "training" : "test"} images.`,
      );
    }
  }
  if (classNames.length < 2) {
    throw new ReatError(
      "data",
      `${path} has ${classNames.length} class with ${train.length > 0 ? "training" : "test"} images; at least 2 class folders are needed.`,
    );
  }
  return classNames;
}

/** Stratified: the same share of every class, at least one image, and at least one left to train on. */
function drawTest(
  path: string,
  images: readonly PlacedImage[],
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

/** Images in one folder per class; also what other folders and archives are taken for, so that reading says what they hold. */
export const classFoldersFormat = defineFormat<{ readonly form: "class-folders"; readonly path: string }>({
  form: "class-folders",
  accepted:
    "a folder, .zip or .tar/.tar.gz/.tgz of png, jpeg or webp images as train/<class>/… and test/<class>/… or <class>/…",
  shaped: true,
  async inFolder(path, limits) {
    const { files, folders, problems } = await listSource(path, limits);
    const source = { form: "class-folders", path } as const;
    if (files.some((file) => inClassFolder(file.path))) return { source, certain: true };
    const any = folders.length + problems.length > 0 || files.some((file) => file.path.includes("/"));
    return any ? { source, certain: false } : undefined;
  },
  inArchive: (path, member) =>
    inClassFolder(member)
      ? // Images without labels come first in archives of Tiny-ImageNet.
        { source: { form: "class-folders", path }, certain: !/(^|\/)(test|val)\/images\//i.test(member) }
      : undefined,
  read: ({ path }, options) => readClassFolders(path, options),
  describe: () => "images in one folder per class",
});

function inClassFolder(path: string): boolean {
  return isImage(path) && path.includes("/");
}
