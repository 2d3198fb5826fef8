// What sizes the images of a source have, told from the beginnings of some of its files.
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { type ArchiveLimits, DamagedEntry } from "../archives/index.js";
import {
  type DataSource,
  detectSource,
  formatOf,
  type ImageHeader,
  type ImageSize,
  isImage,
  listSource,
  readImageHeader,
  sourceFiles,
} from "./formats/index.js";

/** Sizes as they are stored, before anything is scaled. */
export interface ImageSurvey {
  /** Images whose size was read. */
  readonly images: number;
  /** Of the shorter sides, in pixels. */
  readonly shortest: number;
  readonly median: number;
  readonly longest: number;
  /** Whether all of them have one height and one width. */
  readonly equal: boolean;
  /** That of the most pixels. */
  readonly largest: ImageSize;
}

/** Spread over a folder: enough for a median. */
const mostFiles = 2000;
/** From the beginning of an archive, which would have to be unpacked to its end for others. */
const mostMembers = 100;
/** A photograph's thumbnail and notes may lie before its size. */
const headBytes = 1 << 18;

/**
 * Null for sources whose images have a fixed size, and where no size can be read.
 * @param limits of what is looked through, by default those of the archives
 * @throws ReatError `data` where there is nothing at the path
 */
export async function surveyImages(path: string, limits?: ArchiveLimits): Promise<ImageSurvey | null> {
  const source: DataSource = await detectSource(path, limits);
  const listable = source.form === "class-folders" || source.form === "list-files";
  if (!listable || !formatOf(source).shaped) return null;
  const inFolder = statSync(source.path).isDirectory();
  const sizes = await (inFolder ? sizesInFolder : sizesInArchive)(source.path, limits);
  if (sizes.length === 0) return null;
  const sides = sizes.map(({ height, width }) => Math.min(height, width)).sort((a, b) => a - b);
  const [first] = sizes;
  const { height, width } = sizes.reduce((most, size) => (pixels(size) > pixels(most) ? size : most));
  return {
    images: sizes.length,
    shortest: sides[0]!,
    median: sides[sides.length >> 1]!,
    longest: sides.at(-1)!,
    equal: sizes.every(({ height, width }) => height === first!.height && width === first!.width),
    largest: { height, width },
  };
}

function pixels({ height, width }: ImageSize): number {
  return height * width;
}

async function sizesInFolder(path: string, limits?: ArchiveLimits): Promise<ImageHeader[]> {
  const { files } = await listSource(path, limits);
  const images = files.filter((file) => isImage(file.path));
  const every = Math.max(1, Math.floor(images.length / mostFiles));
  return images.flatMap((file, at) => {
    const header = at % every === 0 ? readImageHeader(headOf(join(path, file.path))) : undefined;
    return header ? [header] : [];
  });
}

async function sizesInArchive(path: string, limits?: ArchiveLimits): Promise<ImageHeader[]> {
  const sizes: ImageHeader[] = [];
  for await (const file of sourceFiles(path, limits)) {
    if (!isImage(file.path)) continue;
    try {
      const header = readImageHeader(await file.read());
      if (header) sizes.push(header);
    } catch (error) {
      if (!(error instanceof DamagedEntry)) throw error;
    }
    if (sizes.length >= mostMembers) break;
  }
  return sizes;
}

function headOf(file: string): Buffer {
  let input: number;
  try {
    input = openSync(file, "r");
  } catch {
    // A file that cannot be read is named where the images are decoded.
    return Buffer.alloc(0);
  }
  try {
    const head = Buffer.alloc(headBytes);
    return head.subarray(0, readSync(input, head, 0, headBytes, 0));
  } finally {
    closeSync(input);
  }
}
