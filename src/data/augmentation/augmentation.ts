// Random crop and mirroring of a whole batch in tensor operations.
import { ReatError } from "../../errors.js";
import { pad, scope, type Tensor, tensor } from "../../tensor/index.js";
import { CounterRandom, mixSeed } from "../counter-random.js";

/** How far images are moved before they are cropped. */
export interface CropFlipOptions {
  /** Pixels of zeros around the image before a window of the image's size is cut out. Default 4. */
  readonly padding?: number;
  /** Mirror every other image, at random. Default true. */
  readonly flip?: boolean;
}

/** What happens to each image of a batch: the window's corner, 0 to 2·padding each way, and 1 where it is mirrored. */
export interface CropFlip {
  readonly padding: number;
  readonly top: Uint8Array;
  readonly left: Uint8Array;
  readonly mirrored: Uint8Array;
}

/**
 * Draws windows and mirrors for `count` images. They depend only on seed, epoch and batch, so a resumed run draws the same.
 * @throws ReatError `config` for a padding that is not a whole number from 0 to 127 pixels
 */
export function drawCropFlip(
  count: number,
  seed: number,
  epoch: number,
  batch: number,
  options: CropFlipOptions = {},
): CropFlip {
  const { padding = 4, flip = true } = options;
  if (!Number.isInteger(padding) || padding < 0 || padding > 127) {
    throw new ReatError(
      "config",
      `The crop's padding is ${padding}; it must be a whole number from 0 to 127.`,
    );
  }
  const random = new CounterRandom(mixSeed(seed, epoch, batch));
  const [top, left, mirrored] = [new Uint8Array(count), new Uint8Array(count), new Uint8Array(count)];
  for (let i = 0; i < count; i++) {
    top[i] = random.below(2 * padding + 1);
    left[i] = random.below(2 * padding + 1);
    mirrored[i] = random.below(2);
    if (!flip) mirrored[i] = 0;
  }
  return { padding, top, left, mirrored };
}

/**
 * Cuts and mirrors as drawn: first the window, then the mirror. Any dtype and device; the result has the same shape.
 * @param images `[N, C, H, W]`
 * @throws ReatError `data` if the draws are for another number of images
 */
export function cropFlip(images: Tensor, draws: CropFlip): Tensor {
  const [count, channels, height, width] = images.shape as [number, number, number, number];
  const { padding, top, left, mirrored } = draws;
  if (top.length !== count) {
    throw new ReatError("data", `${top.length} draws were given for a batch of ${count} images.`);
  }
  const paddedWidth = width + 2 * padding;
  const rows = new Int32Array(count * height);
  const columns = new Int32Array(count * width);
  for (let i = 0; i < count; i++) {
    for (let y = 0; y < height; y++) rows[i * height + y] = (top[i]! + y) * paddedWidth;
    for (let x = 0; x < width; x++) columns[i * width + x] = left[i]! + (mirrored[i] ? width - 1 - x : x);
  }
  return scope(() => {
    const { device } = images;
    const rowStarts = tensor(rows, { shape: [count, height, 1], device });
    const offsets = tensor(columns, { shape: [count, 1, width], device });
    const index = rowStarts
      .add(offsets)
      .to("int64")
      .reshape([count, 1, height * width]);
    return pad(images, [padding, padding, padding, padding])
      .flatten(2)
      .gather(2, index.expand([count, channels, height * width]))
      .reshape([count, channels, height, width]);
  });
}
