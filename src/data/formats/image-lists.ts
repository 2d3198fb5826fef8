// The lines of list files: a path and a class number; and names for the numbers.
import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { ReatError } from "../../errors.js";
import { isImage } from "./names.js";

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

const acceptedLine = "the path of a png, jpeg or webp image, a space, and a class number from 0";
/** Where lines are looked for that tell a list from other texts. */
const headBytes = 1 << 16;

/**
 * Whether one of a text's first lines begins with the path of an image and goes on after a space or a comma. That is less than
 * a list is held to: what was meant as one is read as one, and its wrong lines are named.
 */
export function looksLikeList(file: string): boolean {
  const head = Buffer.alloc(headBytes);
  const input = openSync(file, "r");
  try {
    const bytes = head.subarray(0, readSync(input, head, 0, headBytes, 0));
    return /\.(png|jpe?g|webp)[ \t,]+[^\s,]/i.test(decoded(bytes, false));
  } finally {
    closeSync(input);
  }
}

/** Text in UTF-8, or in UTF-16 with the mark that Windows begins it with. @throws TypeError where it is neither and `fatal` */
function decoded(bytes: Buffer, fatal: boolean): string {
  const mark = bytes.toString("latin1", 0, 2);
  const encoding = mark === "\xff\xfe" ? "utf-16le" : mark === "\xfe\xff" ? "utf-16be" : "utf-8";
  return new TextDecoder(encoding, { fatal }).decode(bytes);
}

function linesOf(file: string): string[] {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    throw new ReatError("data", `The list ${file} cannot be read: ${(cause as Error).message}.`, { cause });
  }
  try {
    return decoded(bytes, true).split(/\r?\n/);
  } catch (cause) {
    throw new ReatError(
      "data",
      `The list ${file} is no text in UTF-8, or in UTF-16 with its mark; accepted on a line is ${acceptedLine}.`,
      { cause },
    );
  }
}

/**
 * @param most images to read; default: all
 * @throws ReatError `data` naming file and line for what is no path of an image and a whole number, and for a list of no image
 */
export function parseList(
  file: string,
  split: SplitList["split"],
  most = Number.POSITIVE_INFINITY,
): SplitList {
  const images: ListedImage[] = [];
  for (const [index, text] of linesOf(file).entries()) {
    if (images.length >= most) break;
    if (text.trim() === "") continue;
    const [, written, label] = /^\s*(.+?)[\s,]+(\d+)\s*$/.exec(text) ?? [];
    const path = written?.replace(/^(\.\/)+/, "");
    const where = `Line ${index + 1} of ${file}`;
    if (path === undefined || !isImage(path) || !Number.isSafeInteger(Number(label))) {
      throw new ReatError("data", `${where} is "${text.slice(0, 80)}"; accepted is ${acceptedLine}.`);
    }
    if (path.startsWith("/") || path.split("/").includes("..")) {
      throw new ReatError(
        "data",
        `${where} has ${path.startsWith("/") ? "a path from the root of the disk" : 'a path with ".."'} (${path}); ` +
          "accepted are paths that start from the folder of the lists, from a folder in it, or from the one above.",
      );
    }
    images.push({ path, label: Number(label), line: index + 1 });
  }
  if (images.length === 0) {
    throw new ReatError(
      "data",
      `The list ${file} names no image; accepted on a line is ${acceptedLine}. Remove the file if there is no ${split} split.`,
    );
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
    const first = (found: (image: ListedImage) => boolean) =>
      [...telling, ...lists].flatMap(({ file, images }) =>
        images.filter(found).map((at) => ({ file, at })),
      )[0];
    const { file, at } = first((image) => image.label === label) ?? first((image) => image.label > label)!;
    const there = telling.map((list) => list.file).join(", ");
    throw new ReatError(
      "data",
      `Line ${at.line} of ${file} has class ${at.label} (${at.path}), and ${there} ${telling.length > 1 ? "list" : "lists"} no image of class ${label}; ` +
        `accepted are numbers from 0 without gaps${training.length > 0 ? " in the training list" : ""}.`,
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
