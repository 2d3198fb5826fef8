// Pictures of many images: a sheet with one row for each class, or single rows.
import sharp from "sharp";
import { ReatError } from "../errors.js";
import { channelCount } from "./channels.js";
import { type ImageDataset, imageAt, indicesByClass } from "./dataset.js";

/** What a sheet of images shows. */
export interface ContactSheetOptions {
  readonly split?: "train" | "test";
  /** Images of each class, the first ones of `indices` or of the split. Default 12. */
  readonly columns?: number;
  /** At most this many classes. Default 20. */
  readonly rows?: number;
  /** Whole number of screen pixels for an image pixel. Default 2. */
  readonly zoom?: number;
  /** Only images from this list, such as a subset. */
  readonly indices?: ArrayLike<number>;
}

const gap = 2;

/**
 * A PNG with one row of images for each class, in class-id order, on white.
 * @throws ReatError `usage` for sizes that are no picture
 */
export async function contactSheet(
  dataset: ImageDataset,
  options: ContactSheetOptions = {},
): Promise<Buffer> {
  const { split = "train", columns = 12, rows = 20, zoom = 2, indices } = options;
  for (const [name, value] of Object.entries({ columns, rows, zoom })) {
    if (!Number.isInteger(value) || value < 1) {
      throw new ReatError(
        "usage",
        `${name} of the contact sheet is ${value}; it must be a whole number of at least 1.`,
      );
    }
  }
  const byClass = chosenByClass(dataset, split, indices).slice(0, rows);
  const { height, width } = dataset;
  const cellWidth = width + gap;
  const cellHeight = height + gap;
  const sheetWidth = columns * cellWidth + gap;
  const sheetHeight = byClass.length * cellHeight + gap;
  const sheet = Buffer.alloc(sheetWidth * sheetHeight * channelCount, 255);
  byClass.forEach((list, row) => {
    list.slice(0, columns).forEach((image, column) => {
      const corner = (row * cellHeight + gap) * sheetWidth + column * cellWidth + gap;
      place(dataset, split, image, { pixels: sheet, width: sheetWidth, channels: channelCount, corner });
    });
  });
  return sharp(sheet, { raw: { width: sheetWidth, height: sheetHeight, channels: channelCount } })
    .resize(sheetWidth * zoom, sheetHeight * zoom, { kernel: "nearest" })
    .png()
    .toBuffer();
}

/** How many images of each class are drawn. */
export interface ClassStripOptions {
  /** Images of each class, the first ones of `indices` or of the training split; at least 1. */
  readonly images: number;
  /** Only images from this list, such as a subset. */
  readonly indices?: ArrayLike<number>;
  /** Height in pixels; higher images are scaled down to it. Default 32. */
  readonly height?: number;
}

/** One row of training images of each class. */
export interface ClassStrips {
  /** Pixels of a strip, room for all its images included. */
  readonly width: number;
  readonly height: number;
  /** A PNG by class id, clear where there is no image; null for a class without any. */
  readonly strips: readonly (Buffer | null)[];
}

/**
 * The first training images of each class side by side.
 * @throws ReatError `usage` for a number of images that makes no strip
 */
export async function classStrips(dataset: ImageDataset, options: ClassStripOptions): Promise<ClassStrips> {
  const { images, indices, height: highest = 32 } = options;
  if (!Number.isInteger(images) || images < 1) {
    throw new ReatError(
      "usage",
      `A strip of ${images} images was asked for; it must be a whole number of at least 1.`,
    );
  }
  const channels = 4;
  const rowWidth = images * (dataset.width + gap) - gap;
  const height = Math.min(dataset.height, highest);
  const width = Math.max(1, Math.round((rowWidth * height) / dataset.height));
  const strips: (Buffer | null)[] = [];
  for (const list of chosenByClass(dataset, "train", indices)) {
    if (list.length === 0) {
      strips.push(null);
      continue;
    }
    const pixels = Buffer.alloc(rowWidth * dataset.height * channels);
    list.slice(0, images).forEach((image, column) => {
      const corner = column * (dataset.width + gap);
      place(dataset, "train", image, { pixels, width: rowWidth, channels, corner });
    });
    const row = sharp(pixels, { raw: { width: rowWidth, height: dataset.height, channels } });
    strips.push(await (height < dataset.height ? row.resize(width, height) : row).png().toBuffer());
  }
  return { width, height, strips };
}

/** Indices into the split by class id, in the order of `indices`. */
function chosenByClass(
  dataset: ImageDataset,
  split: "train" | "test",
  indices: ArrayLike<number> | undefined,
): number[][] {
  const { labels } = dataset[split];
  const chosen = indices ?? Uint32Array.from({ length: labels.length }, (_, i) => i);
  const classLabels = Array.from(chosen, (i) => labels[i]!);
  return indicesByClass(classLabels, dataset.classNames.length).map((list) =>
    Array.from(list, (at) => chosen[at]!),
  );
}

interface Canvas {
  readonly pixels: Buffer;
  readonly width: number;
  /** 3, or 4 with an opacity last. */
  readonly channels: 3 | 4;
  /** Pixels before the image's upper left one. */
  readonly corner: number;
}

function place(
  dataset: ImageDataset,
  split: "train" | "test",
  image: number,
  { pixels, width, channels, corner }: Canvas,
): void {
  const planes = imageAt(dataset[split], image);
  for (let y = 0; y < dataset.height; y++) {
    for (let x = 0; x < dataset.width; x++) {
      const to = (corner + y * width + x) * channels;
      for (let channel = 0; channel < channelCount; channel++) {
        pixels[to + channel] = planes[(channel * dataset.height + y) * dataset.width + x]!;
      }
      if (channels === 4) pixels[to + 3] = 255;
    }
  }
}
