// The files of a source that are not read as images: classes that would be lost without them, and notes for the reader.
import { folderOf, type Listing, someOf } from "../../archives/index.js";
import { ReatError } from "../../errors.js";
import { listSplit } from "./image-lists.js";
import { compareNames, ending } from "./names.js";
import type { ImagePlace } from "./placed-images.js";

/** Images of kinds that are not read. */
const unreadKinds = /\.(gif|tiff?|bmp|hei[cf]|avif|jxl|jp2|p[bgpn]m|ico|tga|psd|svg|dng|cr2|nef|arw)$/i;

/**
 * Finds folders that should be classes but have no readable image.
 * @param classFolder the class folder that a file lies in, or a folder is or lies in
 * @throws ReatError `data` for class folders that are empty or hold only images of other kinds; folders without any image
 * at all are told in `notes`
 */
export function lostClasses(
  source: string,
  { files, folders }: Listing,
  places: ReadonlyMap<string, ImagePlace>,
  classFolder: (path: string, isFile: boolean) => string | undefined,
  notes: string[],
): void {
  const found = new Map<string, string[]>();
  const note = (folder: string | undefined, file?: string) => {
    if (folder === undefined) return;
    const held = found.get(folder) ?? [];
    if (file !== undefined) held.push(file);
    found.set(folder, held);
  };
  for (const folder of folders) note(classFolder(folder, false));
  for (const { path } of files) note(classFolder(path, true), path);
  const withImages = new Set([...places.keys()].map((path) => classFolder(path, true)));
  const lost: string[] = [];
  for (const [folder, held] of [...found].sort(([a], [b]) => compareNames(a, b))) {
    if (withImages.has(folder)) continue;
    if (held.length > 0 && !held.some((path) => unreadKinds.test(path))) {
      notes.push(`${folder}/ holds no images (${kindsOf(held)}) and is no class.`);
    } else lost.push(`${folder}/ (${held.length === 0 ? "empty" : kindsOf(held)})`);
  }
  if (lost.length === 0) return;
  throw new ReatError(
    "data",
    `${source} has class folders without an image that can be read: ${someOf(lost)}; read are png, jpeg and webp, so convert the images or remove the folder.`,
  );
}

/** Sentences about files that were passed over: images of kinds that are not read with their folders, others by kind. */
export function otherKinds({ files }: Listing, places: ReadonlyMap<string, ImagePlace>): string[] {
  const rest = files.map(({ path }) => path).filter((path) => !places.has(path));
  const unread = rest.filter((path) => unreadKinds.test(path));
  const lists = rest.filter((path) => listSplit(path) !== null);
  const others = rest.filter(
    (path) => !unreadKinds.test(path) && !/\.(png|jpe?g|webp)$/i.test(path) && listSplit(path) === null,
  );
  const notes: string[] = [];
  if (unread.length > 0) {
    const folders = [...new Set(unread.map((path) => `${folderOf(path)}/`))];
    notes.push(
      `Images of kinds that are not read were passed over: ${kindsOf(unread)}, in ${someOf(folders)}; read are png, jpeg and webp.`,
    );
  }
  if (lists.length > 0) {
    notes.push(
      `Not read as lists of images, though named as they are: ${someOf(lists)}; lists are read in the folder that is given, not in archives, ` +
        "if a line begins with the path of an image and a class number.",
    );
  }
  if (others.length > 0) {
    notes.push(`Files that are no images in class folders were passed over: ${kindsOf(others)}.`);
  }
  return notes;
}

/** "3 × .gif, 1 × .txt". */
function kindsOf(paths: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const path of paths) {
    const kind = ending(path) || "no ending";
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return [...counts].map(([kind, count]) => `${count} × ${kind}`).join(", ");
}
