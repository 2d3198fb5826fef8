// Images that text files list, a path and a class number a line: ImageNet-LT, Places-LT and iNaturalist as the field hands them on.
import { existsSync, lstatSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { someOf } from "../../archives/index.js";
import { ReatError } from "../../errors.js";
import type { ImageDataset } from "../dataset.js";
import { arrangeImages, refuseEmptied } from "./class-folders.js";
import { defineFormat, type ReadOptions } from "./format.js";
import {
  type ListedImage,
  listSplit,
  looksLikeList,
  namesOfLabels,
  parseList,
  type SplitList,
} from "./image-lists.js";
import { type ImagePlace, loadPlacedImages } from "./placed-images.js";
import { listSource } from "./source-files.js";

/** Lists of one set of images. */
export interface ListSource {
  readonly form: "list-files";
  /** Folder that holds the images and the lists. */
  readonly path: string;
  /** Full paths. */
  readonly lists: readonly string[];
  /** Folder within `path` that the listed paths start from; "" for `path` itself. */
  readonly root: string;
}

async function readListFiles(source: ListSource, options: ReadOptions): Promise<ImageDataset> {
  const { path, root } = source;
  const lists = source.lists.map((file) => parseList(file, listSplit(file)!));
  const listing = await listSource(path, options.limits);
  const { names, order } = namesOfLabels(lists);
  const { places, repeated } = placesOf(lists, root, names);
  const there = new Set([...listing.files, ...listing.problems].map((file) => file.path));
  const gone = [...places.keys()].filter((file) => !there.has(file));
  const absent = gone.map((file) => ({ path: file, why: "is listed, and is not there" }));
  // What lies beside the listed images is nobody's concern here: a listing's own problems count where they were listed.
  const problems = listing.problems.filter((problem) => places.has(problem.path));
  const loaded = await loadPlacedImages(
    path,
    { ...listing, problems: [...problems, ...absent] },
    places,
    options,
  );
  refuseEmptied(path, places, loaded);
  const shown = source.lists.map((file) => relative(path, file)).join(", ");
  const notes = [`The images are those that ${shown} list${source.lists.length === 1 ? "s" : ""}.`];
  const rank = new Map(order.map((name, id) => [name, id]));
  const unlisted = listing.files.length - places.size + gone.length - source.lists.length;
  if (unlisted > 0) notes.push(`${unlisted} files beside them are in none of the lists.`);
  if (repeated.length > 0) {
    notes.push(`Lines that repeat another one were left out: ${someOf(repeated)}.`);
  }
  const own = new Set(source.lists.map((file) => relative(path, file)));
  const others = listing.files.map((file) => file.path).filter((file) => listSplit(file) && !own.has(file));
  if (others.length > 0) notes.push(`Not read, though they are named as lists are: ${someOf(others)}.`);
  return arrangeImages(path, loaded, notes, options, (a, b) => rank.get(a)! - rank.get(b)!);
}

/** @throws ReatError `data` for an image in two lists, or twice in one with different classes */
function placesOf(
  lists: readonly SplitList[],
  root: string,
  names: ReadonlyMap<number, string>,
): { readonly places: Map<string, ImagePlace>; readonly repeated: string[] } {
  const repeated: string[] = [];
  const places = new Map<string, ImagePlace>();
  const seen = new Map<string, { readonly file: string; readonly image: ListedImage }>();
  for (const { file, split, images } of lists) {
    for (const image of images) {
      const before = seen.get(image.path);
      if (before && (before.file !== file || before.image.label !== image.label)) {
        throw new ReatError(
          "data",
          `${image.path} is in line ${before.image.line} of ${before.file} and in line ${image.line} of ${file}; accepted is one split and one class for an image.`,
        );
      }
      if (before) repeated.push(`line ${image.line} of ${basename(file)}`);
      seen.set(image.path, { file, image });
      const path = root === "" ? image.path : `${root}/${image.path}`;
      places.set(path, { split, className: names.get(image.label)!, name: image.path });
    }
  }
  return { places, repeated };
}

/**
 * The lists in a folder, and where their images are; undefined where none of the texts there looks like one. Beside one that does, all
 * that are named as its set are lists, whatever is in them: a split must not vanish with a line that is wrong.
 */
function findLists(folder: string, wanted?: string): ListSource | undefined {
  const named = readdirSync(folder).filter((name) => listSplit(name) !== null);
  const there = named.map((name) => join(folder, name)).filter(mayBeList);
  const lists = there.filter((file) => existsSync(file) && looksLikeList(file));
  const stems = [...new Set(lists.map((file) => stemOf(file)))];
  const stem = wanted === undefined ? stems[0] : stemOf(wanted);
  if (stem === undefined) return undefined;
  if (wanted === undefined && stems.length > 1) {
    throw new ReatError(
      "data",
      `${folder} holds lists of several sets (${lists.map((file) => basename(file)).join(", ")}); give the training list of one of them instead of the folder.`,
    );
  }
  const chosen = there.filter((file) => stemOf(file) === stem);
  return { form: "list-files", lists: chosen, ...placeOfImages(folder, chosen) };
}

/** Where the listed paths start: beside the lists, in a folder there, or above. @throws ReatError `data` where they lead nowhere */
function placeOfImages(folder: string, lists: readonly string[]): Pick<ListSource, "path" | "root"> {
  const probes = lists.map((file) => parseList(file, listSplit(file)!, 200).images.map(({ path }) => path));
  const within = (root: string) => probes.some((paths) => paths.some((path) => existsSync(join(root, path))));
  if (within(folder)) return { path: folder, root: "" };
  const below = readdirSync(folder).find((name) => within(join(folder, name)));
  if (below !== undefined) return { path: folder, root: below };
  const above = dirname(folder);
  if (within(above)) return { path: above, root: "" };
  throw new ReatError(
    "data",
    `${probes[0]?.[0] ?? "No image"} of ${lists[0]} is not in ${folder}, in a folder there, or in ${above}; put the lists, or a link to the images, where the listed paths start.`,
  );
}

/** What the lists of one set have in common: their names without the split. */
function stemOf(file: string): string {
  return basename(file).replace(/[_-]?(train(ing)?|test(ing)?|val(id(ation)?)?)\.(txt|lst)$/i, "");
}

/** Whether it is a file, or a link that leads nowhere and so was meant to be one. */
function mayBeList(path: string): boolean {
  return existsSync(path) ? statSync(path).isFile() : lstatSync(path).isSymbolicLink();
}

/** Lists named …train.txt, …test.txt and …val.txt, in a folder or one of them by itself. */
export const listFilesFormat = defineFormat<ListSource>({
  form: "list-files",
  accepted:
    "lists of images as …_train.txt and …_test.txt or …_val.txt with a path and a class number a line",
  shaped: true,
  inFolder(path) {
    const source = findLists(path);
    return source && { source, certain: true };
  },
  inFile(path) {
    if (listSplit(path) === null) return undefined;
    const source = findLists(dirname(path), path);
    return source && { source, certain: true };
  },
  read: readListFiles,
  describe: ({ lists }) => `images listed in ${lists.map((file) => basename(file)).join(", ")}`,
});
