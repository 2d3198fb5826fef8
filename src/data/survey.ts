// What sizes the images of a source have, told from the beginnings of some of its files.
import { closeSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { type DataSource, detectSource, formatOf, listSource, readImageHeader } from "./formats/index.js";

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
}

/** Spread over the source: enough for a median. */
const mostFiles = 2000;
/** A photograph's thumbnail and notes may lie before its size. */
const headBytes = 1 << 18;

/**
 * Null for sources whose images have a fixed size, for archives, and where no size can be read.
 * @throws ReatError `data` where there is nothing at the path
 */
export async function surveyImages(path: string): Promise<ImageSurvey | null> {
  const source: DataSource = await detectSource(path);
  const listable = source.form === "class-folders" || source.form === "list-files";
  if (!listable || !formatOf(source).shaped || /\.(zip|tar|tar\.gz|tgz)$/i.test(source.path)) return null;
  const { files } = await listSource(source.path);
  const images = files.filter((file) => /\.(png|jpe?g|webp)$/i.test(file.path));
  const every = Math.max(1, Math.floor(images.length / mostFiles));
  const sizes = images.flatMap((file, at) => {
    const header = at % every === 0 ? readImageHeader(headOf(join(source.path, file.path))) : undefined;
    return header ? [header] : [];
  });
  if (sizes.length === 0) return null;
  const sides = sizes.map(({ height, width }) => Math.min(height, width)).sort((a, b) => a - b);
  const [first] = sizes;
  return {
    images: sizes.length,
    shortest: sides[0]!,
    median: sides[sides.length >> 1]!,
    longest: sides.at(-1)!,
    equal: sizes.every(({ height, width }) => height === first!.height && width === first!.width),
  };
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
