// Reads Tiny-ImageNet-200 as it is distributed: train/<wnid>/images, val/images with val_annotations.txt, names in words.txt.
import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import type { Listing } from "../../archives/index.js";
import { ReatError } from "../../errors.js";
import { createDataset, type ImageDataset } from "../dataset.js";
import { defineFormat } from "./format.js";
import { compareNames } from "./names.js";
import {
  animatedNotes,
  damagedNotes,
  type ImageOptions,
  type ImagePlace,
  loadPlacedImages,
  packImages,
} from "./placed-images.js";
import { listedFiles, listSource } from "./source-files.js";

const annotationsFile = "val/val_annotations.txt";
const trainPattern = /^train\/([^/]+)\/images\/([^/]+\.jpe?g)$/i;
const validationPattern = /^val\/images\/([^/]+\.jpe?g)$/i;
const sortedPattern = /^val\/([^/]+)\/(?:images\/)?([^/]+\.jpe?g)$/i;
const boxes = /^train\/([^/]+)\/[^/]+_boxes\.txt$/;

/** Whether a path inside a source is one that only Tiny-ImageNet has. */
function isOfTinyImagenet(path: string): boolean {
  return /(^|\/)(val\/val_annotations\.txt|train\/n\d{8}\/(images\/[^/]+\.jpe?g|[^/]+_boxes\.txt))$/i.test(
    path,
  );
}

/**
 * Class ids follow the order of the WordNet ids, as the field's readers have it; class names are the first of words.txt. The
 * published validation images become the test split, because those in test/ have no labels; their classes are those of the
 * annotations, or of the folders that they were sorted into by them.
 * @param path folder or archive that holds train/ and val/, or a folder of them
 * @throws ReatError `data` where annotations are cut off, images are missing or damaged, or a class has none
 */
export async function readTinyImagenet(path: string, options: ImageOptions = {}): Promise<ImageDataset> {
  const listing = await listSource(path, options.limits);
  const found = await list(path, listing, options);
  const { places: below, wnids } = placesOf(path, found);
  const places = new Map([...below].map(([file, place]) => [found.root + file, place]));
  const { images, size, damaged, animated, spilled } = await loadPlacedImages(path, listing, places, options);
  images.sort(
    (a, b) => compareNames(a.place.className, b.place.className) || compareNames(a.place.name, b.place.name),
  );
  const ids = new Map(wnids.map((wnid, id) => [wnid, id]));
  const split = (wanted: ImagePlace["split"]) =>
    packImages(
      images.filter(({ place }) => place.split === wanted),
      size!,
      ids,
      spilled,
    );
  const kept = new Set(images.map(({ place }) => `${place.split}/${place.className}`));
  const emptied = [...places.values()].find((place) => !kept.has(`${place.split}/${place.className}`));
  if (emptied) {
    throw new ReatError(
      "data",
      `All ${emptied.split === "train" ? "training" : "validation"} images of class ${emptied.className} of ${path} are damaged.`,
    );
  }
  return createDataset({
    name: basename(path).replace(/\.(zip|tar(\.gz)?|tgz)$/i, ""),
    synthetic: false,
    classNames: classNames(wnids, found.texts.get("words.txt")),
    ...{ height: size!.height, width: size!.width },
    train: split("train"),
    test: split("test"),
    damaged,
    notes: [
      "The test split is the published validation split; the images in test/ have no labels and were passed over.",
      ...listing.notes,
      ...damagedNotes(damaged),
      ...animatedNotes(animated),
    ],
  });
}

interface Found {
  /** What stands before train/ and val/ in the source's paths. */
  readonly root: string;
  /** Paths below the root. */
  readonly paths: readonly string[];
  /** The text files that say what belongs where, by their paths below the root. */
  readonly texts: ReadonlyMap<string, string>;
}

async function list(path: string, listing: Listing, { limits }: ImageOptions): Promise<Found> {
  const named = listing.files.filter((file) =>
    /(^|\/)(val_annotations|words|wnids)\.txt$|_boxes\.txt$/.test(file.path),
  );
  const texts = new Map<string, string>();
  for await (const file of listedFiles(path, { files: named }, limits)) {
    texts.set(file.path, (await file.read()).toString("utf8"));
  }
  const paths = listing.files.map((file) => file.path);
  const annotations = named
    .map((file) => file.path)
    .find((name) => `/${name}`.endsWith(`/${annotationsFile}`));
  const sorted = paths.find((name) => /(^|\/)val\/n\d{8}\/(images\/)?[^/]+\.jpe?g$/i.test(name));
  if (annotations === undefined && sorted === undefined) {
    throw new ReatError(
      "data",
      `${path} looks like Tiny-ImageNet but has no ${annotationsFile}, which says the class of each validation image.`,
    );
  }
  const root = annotations?.slice(0, -annotationsFile.length) ?? sorted!.replace(/val\/n\d{8}\/.*$/i, "");
  const inside = (name: string) => name.startsWith(root);
  return {
    root,
    paths: paths.filter(inside).map((name) => name.slice(root.length)),
    texts: new Map(
      [...texts].filter(([name]) => inside(name)).map(([n, text]) => [n.slice(root.length), text]),
    ),
  };
}

/** The place of each labelled image; everything that the lists name has been found by then. */
function placesOf(path: string, { paths, texts }: Found) {
  const places = new Map<string, ImagePlace>();
  const validation = new Set<string>();
  for (const file of paths) {
    const [, wnid, name] = trainPattern.exec(file) ?? [];
    if (wnid !== undefined) places.set(file, { split: "train", className: wnid, name: name! });
    const image = validationPattern.exec(file)?.[1];
    if (image !== undefined) validation.add(image);
  }
  const found: ReadonlySet<string> = new Set([...places.values()].map(({ className }) => className));
  const wnids = (lines(texts.get("wnids.txt")) ?? [...found]).sort(compareNames);
  refuse(
    path,
    "wnids.txt names",
    wnids.filter((wnid) => !found.has(wnid)),
    "has no images in train/",
  );
  const unknown = [...found].filter((wnid) => !wnids.includes(wnid));
  refuse(path, "train/ holds", unknown, "is not in wnids.txt");
  if (wnids.length < 2) {
    throw new ReatError(
      "data",
      `${path} has ${wnids.length} class with images in train/; at least 2 are needed.`,
    );
  }
  for (const [file, text] of texts) {
    const wnid = boxes.exec(file)?.[1];
    if (wnid === undefined) continue;
    const listed = lines(text)!.map((line) => line.split("\t")[0]!);
    const missing = listed.filter((name) => !places.has(`train/${wnid}/images/${name}`));
    refuse(path, `${file} names`, missing, `is not in train/${wnid}/images`);
  }
  for (const [file, place] of sortedByClass(path, paths, found)) places.set(file, place);
  for (const [image, wnid] of annotations(path, texts, validation, found)) {
    places.set(`val/images/${image}`, { split: "test", className: wnid, name: image });
  }
  return { places, wnids };
}

/** Validation images that lie in folders of their classes. */
function sortedByClass(
  path: string,
  paths: readonly string[],
  classes: ReadonlySet<string>,
): [string, ImagePlace][] {
  const places: [string, ImagePlace][] = [];
  for (const file of paths) {
    const [, wnid, name] = sortedPattern.exec(file) ?? [];
    if (wnid === undefined || wnid === "images") continue;
    refuse(path, "val/ holds", classes.has(wnid) ? [] : [wnid], "has no images in train/");
    places.push([file, { split: "test", className: wnid, name: name! }]);
  }
  return places;
}

/** Class ids of the validation images in val/images by name; each image has a line and each line an image. */
function annotations(
  path: string,
  texts: ReadonlyMap<string, string>,
  validation: ReadonlySet<string>,
  classes: ReadonlySet<string>,
): Map<string, string> {
  const annotated = new Map<string, string>();
  // Where images were sorted into class folders, the list is still there but names files that have moved.
  if (validation.size === 0) return annotated;
  lines(texts.get(annotationsFile) ?? "")!.forEach((line, i) => {
    const [image, wnid] = line.split("\t");
    if (wnid === undefined || !classes.has(wnid)) {
      throw new ReatError(
        "data",
        `Line ${i + 1} of ${annotationsFile} in ${path} is "${line}"; it must be an image's name, a tab and one of the ${classes.size} class ids, so the file is cut off or damaged.`,
      );
    }
    annotated.set(image!, wnid);
  });
  const absent = [...annotated.keys()].filter((image) => !validation.has(image));
  refuse(path, `${annotationsFile} names`, absent, "is not in val/images");
  const unlabelled = [...validation].filter((image) => !annotated.has(image));
  refuse(path, "val/images holds", unlabelled, `has no line in ${annotationsFile}`);
  return annotated;
}

/** @throws ReatError `data` naming the first of `wrong`, and how many more there are */
function refuse(path: string, who: string, wrong: readonly string[], what: string): void {
  if (wrong.length === 0) return;
  const more = wrong.length > 1 ? ` (and ${wrong.length - 1} more like it)` : "";
  throw new ReatError("data", `${path} is incomplete: ${who} ${wrong[0]}, which ${what}${more}.`);
}

function lines(text: string | undefined): string[] | undefined {
  return text?.split(/\r?\n/).filter((line) => line.trim() !== "");
}

/** "goldfish" for "n01443537<tab>goldfish, Carassius auratus"; two classes of one name keep their ids with it. */
function classNames(wnids: readonly string[], words: string | undefined): string[] {
  const known = new Map((lines(words) ?? []).map((line) => line.split("\t", 2) as [string, string]));
  const names = wnids.map((wnid) => known.get(wnid)?.split(",")[0]?.trim() || wnid);
  return names.map((name, i) =>
    names.indexOf(name) === names.lastIndexOf(name) ? name : `${name} (${wnids[i]})`,
  );
}

/** Tiny-ImageNet-200, told by names that only it has. */
export const tinyImagenetFormat = defineFormat<{ readonly form: "tiny-imagenet"; readonly path: string }>({
  form: "tiny-imagenet",
  accepted: "Tiny-ImageNet-200 as distributed (zip or folder)",
  shaped: true,
  inFolder(path) {
    const folder = [path, join(path, "tiny-imagenet-200")].find(isTinyImagenet);
    return folder === undefined
      ? undefined
      : { source: { form: "tiny-imagenet", path: folder }, certain: true };
  },
  inArchive: (path, member) =>
    isOfTinyImagenet(member) ? { source: { form: "tiny-imagenet", path }, certain: true } : undefined,
  read: ({ path }, options) => readTinyImagenet(path, options),
  describe: () => "Tiny-ImageNet-200 as distributed",
});

/** With its annotations, or already sorted into class folders, as many scripts do. */
function isTinyImagenet(folder: string): boolean {
  const stats = (path: string) => statSync(path, { throwIfNoEntry: false });
  if (stats(join(folder, "val", "val_annotations.txt"))?.isFile()) return true;
  const train = join(folder, "train");
  if (!stats(train)?.isDirectory()) return false;
  return readdirSync(train).some((name) => /^n\d{8}$/.test(name) && existsSync(join(train, name, "images")));
}
