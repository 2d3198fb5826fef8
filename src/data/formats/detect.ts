// Finds out in which of the accepted forms the data at a path is.
import {
  closeSync,
  existsSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  type Stats,
  statSync,
} from "node:fs";
import { join } from "node:path";
import type { ArchiveLimits } from "../../archives/index.js";
import { ReatError } from "../../errors.js";
import { PACKED_MAGIC } from "../store/index.js";
import { CIFAR_LAYOUTS, type CifarLayout } from "./cifar.js";
import { isImage } from "./class-layout.js";
import { baseName } from "./names.js";
import { listSource, sourceFiles } from "./source-files.js";
import { isOfTinyImagenet } from "./tiny-imagenet.js";

/** Data found at `path`, which is the folder or file to read from (it may lie below the path that was given). */
export type DataSource =
  | { readonly form: "cifar"; readonly path: string; readonly layout: CifarLayout }
  | { readonly form: "class-folders"; readonly path: string }
  | { readonly form: "tiny-imagenet"; readonly path: string }
  | { readonly form: "packed"; readonly path: string };

const ACCEPTED =
  "accepted are CIFAR-10 or CIFAR-100 in binary or pickled form (archive or unpacked folder), Tiny-ImageNet-200 as distributed (zip or folder), a folder, " +
  ".zip or .tar/.tar.gz/.tgz of png, jpeg or webp images as train/<class>/… and test/<class>/… or <class>/…, and a packed file of reat";

/**
 * @param path file or folder
 * @param limits of what is looked through, by default those of the archives
 * @throws ReatError `data`, saying what is accepted, where nothing is recognised
 */
export async function detectSource(path: string, limits?: ArchiveLimits): Promise<DataSource> {
  const stats = statOf(path);
  const found = stats.isDirectory() ? await detectFolder(path, limits) : await detectFile(path, limits);
  if (!found) throw new ReatError("data", `${path} is in no form that can be read; ${ACCEPTED}.`);
  return found;
}

function statOf(path: string): Stats {
  try {
    return statSync(path);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const link = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink();
    if (link) {
      const why = code === "ELOOP" ? "leads round in a loop" : "is not there";
      throw new ReatError("data", `${path} is a link to ${readlinkSync(path)}, which ${why}.`, { cause });
    }
    if (code === "ENOENT" || code === "ENOTDIR") {
      throw new ReatError("data", `There is no file or folder ${path}; ${ACCEPTED}.`, { cause });
    }
    throw new ReatError("data", `${path} cannot be read: ${message}.`, { cause });
  }
}

/** One line for people, such as "CIFAR-10, pickled form". */
export function describeSource(source: DataSource): string {
  if (source.form === "packed") return "packed file of reat";
  if (source.form === "tiny-imagenet") return "Tiny-ImageNet-200 as distributed";
  if (source.form === "class-folders") return "images in one folder per class";
  return `${source.layout.dataset === "cifar10" ? "CIFAR-10" : "CIFAR-100"}, ${source.layout.form} form`;
}

async function detectFolder(path: string, limits?: ArchiveLimits): Promise<DataSource | undefined> {
  for (const layout of CIFAR_LAYOUTS) {
    for (const folder of [path, join(path, layout.folder)]) {
      // The pickled CIFAR-100 files are called "train" and "test", as folders of images are.
      if (layout.trainFiles.every((file) => isFile(join(folder, file))))
        return { form: "cifar", path: folder, layout };
    }
  }
  for (const layout of CIFAR_LAYOUTS) {
    const archive = join(path, layout.archive);
    if (existsSync(archive)) return { form: "cifar", path: archive, layout };
  }
  for (const folder of [path, join(path, "tiny-imagenet-200")]) {
    if (isTinyImagenet(folder)) return { form: "tiny-imagenet", path: folder };
  }
  const { files, folders, problems } = await listSource(path, limits);
  if (files.some((file) => inClassFolder(file.path))) return { form: "class-folders", path };
  // Some of CIFAR's files, so that what is missing can be named.
  for (const layout of CIFAR_LAYOUTS) {
    for (const folder of [path, join(path, layout.folder)]) {
      const known = [...layout.trainFiles, ...layout.testFiles];
      if (known.some((file) => isFile(join(folder, file)))) return { form: "cifar", path: folder, layout };
    }
  }
  // Folders of other things: reading them will say what was found instead of images.
  const any = folders.length + problems.length > 0 || files.some((file) => file.path.includes("/"));
  return any ? { form: "class-folders", path } : undefined;
}

/** With its annotations, or sorted into classes by them as many scripts leave it. */
function isTinyImagenet(folder: string): boolean {
  if (isFile(join(folder, "val", "val_annotations.txt"))) return true;
  const train = join(folder, "train");
  if (!statSync(train, { throwIfNoEntry: false })?.isDirectory()) return false;
  return readdirSync(train).some((name) => /^n\d{8}$/.test(name) && existsSync(join(train, name, "images")));
}

function inClassFolder(path: string): boolean {
  return isImage(path) && path.includes("/");
}

async function detectFile(path: string, limits?: ArchiveLimits): Promise<DataSource | undefined> {
  const head = readHead(path);
  if (head.toString("latin1", 0, PACKED_MAGIC.length) === PACKED_MAGIC) return { form: "packed", path };
  const gzip = head[0] === 0x1f && head[1] === 0x8b;
  const zip = head.toString("latin1", 0, 2) === "PK";
  if (!gzip && !zip && !/\.tar$/i.test(path) && head.toString("latin1", 257, 262) !== "ustar")
    return undefined;
  let folders: DataSource | undefined;
  for await (const file of sourceFiles(path, limits)) {
    if (isOfTinyImagenet(file.path)) return { form: "tiny-imagenet", path };
    if (inClassFolder(file.path)) {
      folders ??= { form: "class-folders", path };
      // Images without labels come first in archives of Tiny-ImageNet.
      if (!/(^|\/)(test|val)\/images\//i.test(file.path)) return folders;
    }
    const layout = CIFAR_LAYOUTS.find((candidate) => isPartOf(file.path, candidate));
    if (layout) return { form: "cifar", path, layout };
  }
  return folders ?? { form: "class-folders", path };
}

function isPartOf(path: string, layout: CifarLayout): boolean {
  const name = baseName(path);
  return layout.trainFiles.includes(name) || layout.testFiles.includes(name) || name === layout.metaFile;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function readHead(path: string): Buffer {
  const head = Buffer.alloc(512);
  const file = openSync(path, "r");
  try {
    return head.subarray(0, readSync(file, head, 0, head.length, 0));
  } finally {
    closeSync(file);
  }
}
