// IDBH (Li and Spratling 2023, arXiv 2301.09879): flip, crop-shift, one operation on colour or shape, random erasing.
import { ReatError } from "../../errors.js";
import { pad, scope, type Tensor, tensor } from "../../tensor/index.js";
import { CounterRandom, mixSeed } from "../counter-random.js";
import { type PillowOperation, pillowOperations } from "./pillow-operations.js";
import { roundHalfEven } from "./round-half-even.js";

/** How often a rectangle is erased; nothing else tells the two from each other. */
export const idbhErasing = { "idbh-weak": 0.5, "idbh-strong": 1 } as const;
/** IDBH's versions for CIFAR-10: "idbh-weak" erases from half of the images, "idbh-strong" from all. */
export type IdbhName = keyof typeof idbhErasing;
/** All of {@link IdbhName}. */
export const idbhNames = Object.keys(idbhErasing) as readonly IdbhName[];

/** Where random numbers come from, in the terms of the published code. */
export interface IdbhDraws {
  /** In [0, 1). */
  rand(): number;
  /** A whole number from `low` to `high` − 1. */
  randint(low: number, high: number): number;
  /** In [low, high). */
  uniform(low: number, high: number): number;
}

/** Output to input pixels: x_in = a·x + b·y + c, y_in = d·x + e·y + f. */
type Matrix = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

/** What happens to one image. */
export interface IdbhPlan {
  readonly mirrored: boolean;
  /** A window of (W − cropX)×(H − cropY) pixels from `top` is put at `to`, on black. */
  readonly crop: { readonly x: number; readonly y: number };
  readonly top: { readonly x: number; readonly y: number };
  readonly to: { readonly x: number; readonly y: number };
  /** The change of colours, or null where the shape is changed. */
  readonly colour: { readonly operation: PillowOperation; readonly strength: number } | null;
  readonly shape: Matrix | null;
  /** Erased at the end, or null. */
  readonly erased: {
    readonly top: number;
    readonly left: number;
    readonly height: number;
    readonly width: number;
  } | null;
}

type Size = { readonly height: number; readonly width: number };

/** Pixels that a window is smaller, at most, both ways together. */
const strongestCrop = 10;

type Row = readonly [operation: PillowOperation | "shear" | "rotate", low: number, high: number];

/** Each an eighth of the images; strengths are even in their range, whole degrees for rotations. */
const operations: readonly Row[] = [
  ["color", 0.1, 1.9],
  ["brightness", 0.5, 1.9],
  ["contrast", 0.5, 1.9],
  ["sharpness", 0.1, 1.9],
  ["autocontrast", 0, 0],
  ["equalize", 0, 0],
  ["shear", 0.05, 0.15],
  ["rotate", 1, 11],
];

/** Draws one image's plan, in the order of the published code. */
export function planIdbh(draws: IdbhDraws, size: Size, erasing: number): IdbhPlan {
  const mirrored = draws.rand() < 0.5;
  const strength = draws.randint(0, strongestCrop + 1);
  const x = draws.randint(0, strength + 1);
  const y = strength - x;
  const top = { x: draws.randint(0, x + 1), y: draws.randint(0, y + 1) };
  const to = { x: x - draws.randint(0, x + 1), y: y - draws.randint(0, y + 1) };
  const { colour, shape } = drawOperation(draws, size);
  return { mirrored, crop: { x, y }, top, to, colour, shape, erased: drawErased(draws, size, erasing) };
}

function drawOperation(draws: IdbhDraws, size: Size): Pick<IdbhPlan, "colour" | "shape"> {
  const [name, low, high] = operations[Math.floor(draws.rand() * operations.length)]!;
  if (name === "rotate") {
    const degrees = draws.randint(low, high);
    return { colour: null, shape: rotation(draws.randint(0, 2) === 1 ? -degrees : degrees, size) };
  }
  const has = high > low;
  // In float32, as the published code.
  const strength = has
    ? Math.fround(Math.fround(draws.rand() * Math.fround(high - low)) + Math.fround(low))
    : 0;
  if (name !== "shear") return { colour: { operation: name, strength }, shape: null };
  const angle = draws.randint(0, 2) === 1 ? -strength : strength;
  return { colour: null, shape: shear(angle, draws.randint(0, 2) === 1, size) };
}

function shear(radians: number, horizontal: boolean, { height, width }: Size): Matrix {
  const slope = Math.tan(radians);
  return horizontal ? [1, slope, (-slope * height) / 2, 0, 1, 0] : [1, 0, 0, slope, 1, (-slope * width) / 2];
}

/** Counter-clockwise about the middle; cosine and sine to 15 decimals, as Pillow rounds them. */
function rotation(degrees: number, { height, width }: Size): Matrix {
  const rounded = (value: number) => Number(value.toFixed(15));
  const angle = (-degrees * Math.PI) / 180;
  const [cos, sin] = [rounded(Math.cos(angle)), rounded(Math.sin(angle))];
  const [cx, cy] = [width / 2, height / 2];
  return [cos, sin, cx - cos * cx - sin * cy, -sin, cos, cy + sin * cx - cos * cy];
}

function drawErased(draws: IdbhDraws, { height, width }: Size, probability: number): IdbhPlan["erased"] {
  if (draws.rand() >= probability) return null;
  for (let attempt = 0; attempt < 10; attempt++) {
    const area = height * width * draws.uniform(0.02, 0.33);
    const aspect = Math.fround(Math.exp(draws.uniform(Math.log(0.3), Math.log(3.3))));
    const h = roundHalfEven(Math.sqrt(area * aspect));
    const w = roundHalfEven(Math.sqrt(area / aspect));
    if (h >= height || w >= width) continue;
    return {
      height: h,
      width: w,
      top: draws.randint(0, height - h + 1),
      left: draws.randint(0, width - w + 1),
    };
  }
  return null;
}

// Keeps these draws apart from those of other augmentations under the same seed.
const stream = 0x1dbb;

/** Draws for `count` images. They depend on seed, epoch and batch alone, so a resumed run draws the same. */
export function drawIdbh(
  name: IdbhName,
  count: number,
  size: Size,
  [seed, epoch, batch]: readonly [seed: number, epoch: number, batch: number],
): IdbhPlan[] {
  const random = new CounterRandom(mixSeed(seed, epoch, batch, stream));
  const draws: IdbhDraws = {
    rand: () => random.uniform(),
    randint: (low, high) => low + random.below(high - low),
    uniform: (low, high) => random.uniform(low, high),
  };
  return Array.from({ length: count }, () => planIdbh(draws, size, idbhErasing[name]));
}

/** 16.16 fixed point, as Pillow samples the nearest pixel. */
const fixed = (value: number) => Math.floor(value * 65536 + 0.5);

/** The input pixel of each output pixel, all images after another; height·width stands for black. */
function sources(plans: readonly IdbhPlan[], { height, width }: Size): Int32Array {
  const pixels = height * width;
  const result = new Int32Array(plans.length * pixels);
  for (const [n, { mirrored, crop, top, to, shape }] of plans.entries()) {
    const [a, b, c, d, e, f] = shape ?? [1, 0, 0, 0, 1, 0];
    const [ax, bx, ay, by] = [fixed(a), fixed(b), fixed(d), fixed(e)];
    const [cx, cy] = [fixed(c + a * 0.5 + b * 0.5), fixed(f + d * 0.5 + e * 0.5)];
    const [right, bottom] = [width - crop.x, height - crop.y];
    let at = n * pixels;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++, at++) {
        const sx = shape ? Math.floor((cx + ax * x + bx * y) / 65536) : x;
        const sy = shape ? Math.floor((cy + ay * x + by * y) / 65536) : y;
        const px = sx - to.x;
        const py = sy - to.y;
        if (sx >= width || sy >= height || px < 0 || py < 0 || px >= right || py >= bottom)
          result[at] = pixels;
        else result[at] = (py + top.y) * width + (mirrored ? width - 1 - px - top.x : px + top.x);
      }
    }
  }
  return result;
}

/**
 * Does what was drawn; bytes are those of the published code under Pillow 9.4.
 * @param images uint8 `[N, 3, H, W]`, left as they are, of at least 3×3 pixels
 * @returns uint8 of the same shape
 * @throws ReatError `data` when there is not one plan for each image
 */
export function applyIdbh(images: Tensor, plans: readonly IdbhPlan[]): Tensor {
  const [count, channels, height, width] = images.shape as [number, number, number, number];
  if (plans.length !== count) {
    throw new ReatError("data", `${plans.length} plans were given for a batch of ${count} images.`);
  }
  return scope(() => {
    const { device } = images;
    const size = { height, width };
    const index = tensor(sources(plans, size), { shape: [count, 1, height * width], device }).to("int64");
    const result = pad(images, [0, 0, 0, 1])
      .flatten(2)
      .gather(2, index.expand([count, channels, height * width]))
      .reshape(images.shape)
      .to("float32");
    for (const [operation, members] of grouped(plans)) {
      scope(() => {
        const chosen = tensor(
          members.map(([image]) => image),
          { dtype: "int64", device },
        );
        const strengths = members.map(([, strength]) => strength);
        result.indexCopy_(0, chosen, pillowOperations[operation](result.indexSelect(0, chosen), strengths));
      });
    }
    const kept = tensor(keptPixels(plans, size), { shape: [count, 1, height, width], device });
    return result.mul(kept).to("uint8");
  });
}

function grouped(plans: readonly IdbhPlan[]) {
  const groups = new Map<PillowOperation, [image: number, strength: number][]>();
  for (const [image, { colour }] of plans.entries()) {
    if (!colour) continue;
    const group = groups.get(colour.operation) ?? [];
    group.push([image, colour.strength]);
    groups.set(colour.operation, group);
  }
  return groups;
}

/** 1 for pixels that stay, 0 for erased ones. */
function keptPixels(plans: readonly IdbhPlan[], { height, width }: Size): Float32Array {
  const kept = new Float32Array(plans.length * height * width).fill(1);
  for (const [n, { erased }] of plans.entries()) {
    if (!erased) continue;
    for (let y = erased.top; y < erased.top + erased.height; y++) {
      const row = (n * height + y) * width + erased.left;
      kept.fill(0, row, row + erased.width);
    }
  }
  return kept;
}
