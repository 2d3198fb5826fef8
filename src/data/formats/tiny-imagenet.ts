// Reads Tiny-ImageNet-200 as it is distributed: train/<wnid>/images, val/images with val_annotations.txt, names in words.txt.
import { basename } from "node:path";
import { ReatError } from "../../errors.js";
import { createDataset, type ImageDataset } from "../dataset.js";
import type { Progress } from "../progress.js";
import type { ImageSize } from "./image-decoder.js";
import { type ImagePlace, loadPlacedImages, packImages } from "./placed-images.js";
import { compareNames, sourceFiles } from "./source-files.js";

const ANNOTATIONS = "val/val_annotations.txt";
const TRAIN = /^train\/([^/]+)\/images\/([^/]+\.jpe?g)$/i;
const VALIDATION = /^val\/images\/([^/]+\.jpe?g)$/i;
const BOXES = /^train\/([^/]+)\/[^/]+_boxes\.txt$/;

/** Whether a path inside a source is one that only Tiny-ImageNet has. */
export function isOfTinyImagenet(path: string): boolean {
  return /(^|\/)(val\/val_annotations\.txt|train\/n\d{8}\/(images\/[^/]+\.jpe?g|[^/]+_boxes\.txt))$/i.test(
    path,
  );
}

/**
 * Class ids follow the order of the WordNet ids, as the field's readers have it; class names are the first of words.txt. The
 * published validation images become the test split, because those in test/ have no labels.
 * @param path folder or archive that holds train/ and val/, or a folder of them
 * @throws ReatError `data` where annotations are cut off, images are missing or damaged, or a class has none
 */
export async function readTinyImagenet(
  path: string,
  options: { readonly resize?: ImageSize; readonly progress?: Progress } = {},
): Promise<ImageDataset> {
  const listing = await list(path);
  const { places, wnids } = placesOf(path, listing);
  const { root } = listing;
  const below = (file: string) => (file.startsWith(root) ? file.slice(root.length) : "");
  const { images, size } = await loadPlacedImages(path, (file) => places.get(below(file)), options);
  images.sort(
    (a, b) => compareNames(a.place.className, b.place.className) || compareNames(a.place.name, b.place.name),
  );
  const ids = new Map(wnids.map((wnid, id) => [wnid, id]));
  const split = (wanted: ImagePlace["split"]) =>
    packImages(
      images.filter(({ place }) => place.split === wanted),
      size!,
      ids,
    );
  return createDataset({
    name: basename(path).replace(/\.(zip|tar(\.gz)?|tgz)$/i, ""),
    synthetic: false,
    classNames: classNames(wnids, listing.texts.get("words.txt")),
    ...{ height: size!.height, width: size!.width },
    train: split("train"),
    test: split("test"),
    notes: [
      "The test split is the published validation split; the images in test/ have no labels and were passed over.",
    ],
  });
}

interface Listing {
  /** What stands before train/ and val/ in the source's paths. */
  readonly root: string;
  /** Paths below the root. */
  readonly paths: readonly string[];
  /** The text files that say what belongs where, by their paths below the root. */
  readonly texts: ReadonlyMap<string, string>;
}

async function list(path: string): Promise<Listing> {
  const paths: string[] = [];
  const texts = new Map<string, string>();
  for await (const file of sourceFiles(path)) {
    paths.push(file.path);
    if (/(^|\/)(val_annotations|words|wnids)\.txt$|_boxes\.txt$/.test(file.path)) {
      texts.set(file.path, (await file.read()).toString("utf8"));
    }
  }
  const annotations = [...texts.keys()].find((name) => `/${name}`.endsWith(`/${ANNOTATIONS}`));
  if (annotations === undefined) {
    throw new ReatError(
      "data",
      `${path} looks like Tiny-ImageNet but has no ${ANNOTATIONS}, which says the class of each validation image.`,
    );
  }
  const root = annotations.slice(0, -ANNOTATIONS.length);
  const inside = (name: string) => name.startsWith(root);
  return {
    root,
    paths: paths.filter(inside).map((name) => name.slice(root.length)),
    texts: new Map(
      [...texts].filter(([name]) => inside(name)).map(([n, text]) => [n.slice(root.length), text]),
    ),
  };
}

/** The place of each labelled image, after everything that the lists promise has been found. */
function placesOf(path: string, { paths, texts }: Listing) {
  const places = new Map<string, ImagePlace>();
  const validation = new Set<string>();
  for (const file of paths) {
    const [, wnid, name] = TRAIN.exec(file) ?? [];
    if (wnid !== undefined) places.set(file, { split: "train", className: wnid, name: name! });
    const image = VALIDATION.exec(file)?.[1];
    if (image !== undefined) validation.add(image);
  }
  const found = new Set([...places.values()].map(({ className }) => className));
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
    const wnid = BOXES.exec(file)?.[1];
    if (wnid === undefined) continue;
    const listed = lines(text)!.map((line) => line.split("\t")[0]!);
    const missing = listed.filter((name) => !places.has(`train/${wnid}/images/${name}`));
    refuse(path, `${file} names`, missing, `is not in train/${wnid}/images`);
  }
  const annotated = new Map<string, string>();
  lines(texts.get(ANNOTATIONS))!.forEach((line, i) => {
    const [image, wnid] = line.split("\t");
    if (wnid === undefined || !found.has(wnid)) {
      throw new ReatError(
        "data",
        `Line ${i + 1} of ${ANNOTATIONS} in ${path} is "${line}"; it must be an image's name, a tab and one of the ${wnids.length} class ids, so the file is cut off or damaged.`,
      );
    }
    annotated.set(image!, wnid);
  });
  const absent = [...annotated.keys()].filter((image) => !validation.has(image));
  refuse(path, `${ANNOTATIONS} names`, absent, "is not in val/images");
  const unlabelled = [...validation].filter((image) => !annotated.has(image));
  refuse(path, "val/images holds", unlabelled, `has no line in ${ANNOTATIONS}`);
  for (const [image, wnid] of annotated) {
    places.set(`val/images/${image}`, { split: "test", className: wnid, name: image });
  }
  return { places, wnids };
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
