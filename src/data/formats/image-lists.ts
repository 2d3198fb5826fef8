// The lines of list files: a path and a class number; and names for the numbers.
import { readFileSync } from "node:fs";
import { ReatError } from "../../errors.js";
import { isImage } from "./class-layout.js";

/** One line. */
export interface ListedImage {
  readonly path: string;
  readonly label: number;
  /** From 1. */
  readonly line: number;
}

/** A list with the split that its name tells. */
export interface SplitList {
  readonly file: string;
  readonly split: "train" | "test" | "validation";
  readonly images: readonly ListedImage[];
}

/** The split that a list's name ends with; null for other files. */
export function listSplit(file: string): SplitList["split"] | null {
  const found = /(?:^|[^a-z])(train|test|val)(?:ing|id|idation)?\.(?:txt|lst)$/i
    .exec(file)?.[1]
    ?.toLowerCase();
  return found === undefined ? null : found === "val" ? "validation" : (found as "train" | "test");
}

/**
 * @param most lines to read; default: all
 * @throws ReatError `data` naming file and line for what is no path of an image and a whole number
 */
export function parseList(
  file: string,
  split: SplitList["split"],
  most = Number.POSITIVE_INFINITY,
): SplitList {
  const images: ListedImage[] = [];
  for (const [index, text] of readFileSync(file, "utf8")
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .entries()) {
    if (images.length >= most) break;
    if (text.trim() === "") continue;
    const [, written, label] = /^\s*(.+?)[\s,]+(\d+)\s*$/.exec(text) ?? [];
    const path = written?.replace(/^(\.\/)+/, "");
    const where = `Line ${index + 1} of ${file}`;
    if (path === undefined || !isImage(path)) {
      throw new ReatError(
        "data",
        `${where} is "${text.slice(0, 80)}"; accepted is the path of a png, jpeg or webp image, a space, and a class number from 0.`,
      );
    }
    if (path.startsWith("/") || path.split("/").includes("..")) {
      throw new ReatError(
        "data",
        `${where} leads out of the folder of the images (${path}); accepted are paths within it.`,
      );
    }
    images.push({ path, label: Number(label), line: index + 1 });
  }
  return { file, split, images };
}

/**
 * The class names by number, and in the order of the numbers. Where every class of the training images has a folder of its own, that is its
 * name; otherwise "class" and the number.
 * @throws ReatError `data` where a number below the highest has no training image: the numbers are the network's outputs
 */
export function namesOfLabels(lists: readonly SplitList[]): {
  readonly names: ReadonlyMap<number, string>;
  readonly order: readonly string[];
} {
  const training = lists.filter(({ split }) => split === "train");
  const telling = training.length > 0 ? training : lists;
  const folders = new Map<number, Set<string>>();
  for (const { images } of telling) {
    for (const { path, label } of images) {
      const folder = path.split("/").slice(0, -1).join("/");
      const known = folders.get(label);
      if (known) known.add(folder);
      else folders.set(label, new Set([folder]));
    }
  }
  const all = lists.flatMap(({ images }) => images);
  const highest = all.reduce((most, { label }) => Math.max(most, label), -1);
  for (let label = 0; label <= highest; label++) {
    if (folders.has(label)) continue;
    const at = all.find((image) => image.label > label)!;
    throw new ReatError(
      "data",
      `${telling.map(({ file }) => file).join(", ")} list no image of class ${label}, but there is class ${at.label} (${at.path}); accepted are numbers from 0 without gaps.`,
    );
  }
  const own = [...folders.values()].map((set) => [...set][0]!);
  const distinct = new Set(own).size === own.length && [...folders.values()].every(({ size }) => size === 1);
  const common = distinct ? commonFolder(own) : "";
  const nameOf = (label: number) =>
    distinct ? [...folders.get(label)!][0]!.slice(common.length) || `class ${label}` : `class ${label}`;
  const order = Array.from({ length: highest + 1 }, (_, label) => nameOf(label));
  return { names: new Map(order.map((name, label) => [label, name])), order };
}

/** The folders that all paths begin with, with a slash at the end; "" for none. */
function commonFolder(folders: readonly string[]): string {
  const parts = folders.map((folder) => folder.split("/"));
  let depth = 0;
  while (parts.every((path) => depth < path.length - 1 && path[depth] === parts[0]![depth])) depth += 1;
  return depth === 0 ? "" : `${parts[0]!.slice(0, depth).join("/")}/`;
}
