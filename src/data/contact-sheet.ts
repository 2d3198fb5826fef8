// One picture of many images: a row for each class.
import sharp from "sharp";
import { ReatError } from "../errors.js";
import { CHANNELS, type ImageDataset, indicesByClass } from "./dataset.js";

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

const GAP = 2;

/**
 * A PNG with one row of images for each class, in class-id order, on white.
 * @throws ReatError `usage` for sizes that make no picture
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
  const { images, labels } = dataset[split];
  const chosen = indices ?? Uint32Array.from({ length: labels.length }, (_, i) => i);
  const classLabels = Array.from(chosen, (i) => labels[i]!);
  const byClass = indicesByClass(classLabels, dataset.classNames.length).slice(0, rows);
  const { height, width } = dataset;
  const cellWidth = width + GAP;
  const cellHeight = height + GAP;
  const sheetWidth = columns * cellWidth + GAP;
  const sheetHeight = byClass.length * cellHeight + GAP;
  const sheet = Buffer.alloc(sheetWidth * sheetHeight * CHANNELS, 255);
  byClass.forEach((list, row) => {
    for (let column = 0; column < Math.min(columns, list.length); column++) {
      const image = chosen[list[column]!]!;
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          const to = ((row * cellHeight + GAP + y) * sheetWidth + column * cellWidth + GAP + x) * CHANNELS;
          for (let channel = 0; channel < CHANNELS; channel++) {
            sheet[to + channel] = images[((image * CHANNELS + channel) * height + y) * width + x]!;
          }
        }
      }
    }
  });
  return sharp(sheet, { raw: { width: sheetWidth, height: sheetHeight, channels: CHANNELS } })
    .resize(sheetWidth * zoom, sheetHeight * zoom, { kernel: "nearest" })
    .png()
    .toBuffer();
}
