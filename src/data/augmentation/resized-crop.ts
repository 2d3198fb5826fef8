// Random resized crop (Szegedy et al. 2015, arXiv 1409.4842): a window of random size and form, scaled to the network's size.
import { ReatError } from "../../errors.js";
import { cat, operator, scope, type Tensor } from "../../tensor/index.js";
import { CounterRandom, mixSeed } from "../counter-random.js";
import { roundHalfEven } from "./round-half-even.js";

const narrow = operator("narrow");
const round = operator("round");
// The triangle filter grows with the scale, as in Pillow: an image that is made smaller is averaged, not sampled.
const resample = operator("_upsample_bilinear2d_aa");

/** How windows are drawn. */
export interface ResizedCropOptions {
  /** Least and greatest share of the image's area, 0 < least ≤ greatest ≤ 1. Default 0.08 to 1. */
  readonly scale?: readonly [least: number, greatest: number];
  /** Least and greatest width by height, drawn evenly in the logarithm. Default 3/4 to 4/3. */
  readonly ratio?: readonly [least: number, greatest: number];
  /** Mirror every other image, at random. Default true. */
  readonly flip?: boolean;
}

/** What happens to one image: this window, in pixels of the image, and whether it is mirrored. */
export interface ResizedCrop {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
  readonly mirrored: boolean;
}

type Size = { readonly height: number; readonly width: number };

// Keeps these draws apart from those of other augmentations under the same seed.
const stream = 0x5c40;
// As the field's code: after so many windows that do not fit, the middle of the image is taken.
const attempts = 10;

/**
 * Draws a window for each image, by torchvision's rule. The draws depend on seed, epoch, batch and the images' sizes alone, so a
 * resumed run draws the same.
 * @param sizes of the images, in pixels
 * @throws ReatError `config` for bounds that are none
 */
export function drawResizedCrops(
  sizes: readonly Size[],
  [seed, epoch, batch]: readonly [seed: number, epoch: number, batch: number],
  options: ResizedCropOptions = {},
): ResizedCrop[] {
  const { scale = [0.08, 1], ratio = [3 / 4, 4 / 3], flip = true } = options;
  requireBounds("scale", scale, 1);
  requireBounds("ratio", ratio, Number.POSITIVE_INFINITY);
  const random = new CounterRandom(mixSeed(seed, epoch, batch, stream));
  return sizes.map((size) => {
    const window = drawWindow(random, size, scale, ratio);
    const mirrored = random.below(2) === 1 && flip;
    return { ...window, mirrored };
  });
}

function requireBounds(name: string, [least, greatest]: readonly [number, number], most: number): void {
  if (least > 0 && greatest >= least && greatest <= most && greatest < Number.POSITIVE_INFINITY) return;
  throw new ReatError(
    "config",
    `The ${name} of random resized crops is [${least}, ${greatest}]; accepted: two numbers above 0${most === 1 ? " and at most 1" : ""}, the lesser first.`,
  );
}

function drawWindow(
  random: CounterRandom,
  { height, width }: Size,
  scale: readonly [number, number],
  ratio: readonly [number, number],
): Omit<ResizedCrop, "mirrored"> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const area = height * width * random.uniform(...scale);
    const form = Math.exp(random.uniform(Math.log(ratio[0]), Math.log(ratio[1])));
    const w = roundHalfEven(Math.sqrt(area * form));
    const h = roundHalfEven(Math.sqrt(area / form));
    if (w < 1 || h < 1 || w > width || h > height) continue;
    const top = random.below(height - h + 1);
    return { top, left: random.below(width - w + 1), height: h, width: w };
  }
  const [h, w] = middleOfForm({ height, width }, ratio);
  return { top: (height - h) >> 1, left: (width - w) >> 1, height: h, width: w };
}

/** Height and width of the largest window whose form is within the bounds. */
function middleOfForm({ height, width }: Size, [least, greatest]: readonly [number, number]) {
  const form = width / height;
  if (form < least) return [Math.max(1, roundHalfEven(width / least)), width] as const;
  if (form > greatest) return [height, Math.max(1, roundHalfEven(height * greatest))] as const;
  return [height, width] as const;
}

/**
 * Cuts the windows out, mirrors and scales them, bilinearly with a filter that averages where pixels become fewer. Bytes are within
 * one of Pillow's.
 * @param images uint8 `[1, C, height, width]` each, of any sizes
 * @returns uint8 `[N, C, height, width]` of the wanted size
 * @throws ReatError `data` when there is not one window for each image, or one reaches outside its image
 */
export function resizedCrops(
  images: readonly Tensor[],
  windows: readonly ResizedCrop[],
  { height, width }: Size,
): Tensor {
  if (windows.length !== images.length) {
    throw new ReatError(
      "data",
      `${windows.length} windows were given for a batch of ${images.length} images.`,
    );
  }
  return scope(() => {
    const scaled = images.map((image, i) => {
      const { top, left, mirrored, ...window } = windows[i]!;
      requireInside(image, windows[i]!);
      const cut = narrow(narrow(image, 2, top, window.height), 3, left, window.width);
      const whole = window.height === height && window.width === width;
      const values = (mirrored ? cut.flip([3]) : cut).to("float32");
      return whole ? values : resample(values, [height, width], false, null, null);
    });
    return round(cat(scaled, 0)).to("uint8");
  });
}

function requireInside({ shape }: Tensor, { top, left, height, width }: ResizedCrop): void {
  const [rows, columns] = shape.slice(2) as [number, number];
  if (top >= 0 && left >= 0 && top + height <= rows && left + width <= columns) return;
  throw new ReatError(
    "data",
    `A window of ${width}×${height} pixels at ${left}, ${top} reaches outside its image of ${columns}×${rows}.`,
  );
}
