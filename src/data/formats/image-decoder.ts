// Turns one image file into RGB planes.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import decodeWebp, { init as initWebp } from "@jsquash/webp/decode.js";
import sharp from "sharp";
import { ReatError } from "../../errors.js";
import { channelCount } from "../channels.js";
import { cutWindow, middleOf, type Window } from "../window.js";
import { type ImageHeader, otherImageKind, readImageHeader } from "./image-header.js";

/** Height and width of images in pixels. */
export interface ImageSize {
  readonly height: number;
  readonly width: number;
}

/** Three planes, red first, `[3, height, width]`. */
export interface DecodedImage extends ImageSize {
  readonly planes: Uint8Array;
}

/** How image files become images. */
export interface DecodeOptions {
  /**
   * In pixels. Scales so that the shorter side has this length, by Lanczos-3; without `crop` the middle square of that is
   * the image, so all have one size.
   */
  readonly resize?: number;
  /** In pixels: a square of this side is cut from the middle, after scaling. */
  readonly crop?: number;
  /** Instead of both: scales so that the image covers this size, and takes the middle of that. */
  readonly cover?: ImageSize;
  /**
   * `apply` (default) turns an image as its EXIF orientation says and as viewers show it; `ignore` takes the pixels as
   * stored, as torchvision's data sets do.
   */
  readonly orientation?: Orientation;
  /**
   * Cuts nothing off but what a middle of whole pixels needs, so that other windows than the middle can be cut out later; the
   * middle is what would be cut out otherwise. Has no meaning without `resize` or `crop`. Default: false.
   */
  readonly whole?: boolean;
  /** Width times height that a file may have, see {@link defaultPixelLimit}. */
  readonly pixelLimit?: number;
}

/** Choices for the orientation that a camera recorded with an image. */
export const orientations = ["apply", "ignore"] as const;
/** Whether the orientation that a camera recorded with an image is applied. */
export type Orientation = (typeof orientations)[number];

/** A file of 31 kB can hold 256 million pixels; no photograph for training has more than this. */
export const defaultPixelLimit = 100_000_000;

/**
 * Decodes a png, jpeg or webp file to 8-bit RGB as Pillow's `convert("RGB")` does: grey is repeated, transparency is dropped
 * (not blended), palettes are looked up, colour profiles are not applied, inks (CMYK) become (255 − ink) · (255 − black) / 255,
 * and of 16 bits the upper 8 count (in grey too, where Pillow cuts values above 255 off).
 * @param where how errors name the file
 * @throws UnreadableImage where the bytes are no such image or damaged, or of too many pixels as they are stored or scaled
 * @throws ReatError `data` for one smaller than the crop
 */
export async function decodeImage(
  bytes: Buffer,
  where: string,
  options: DecodeOptions = {},
): Promise<DecodedImage> {
  const header = readImageHeader(bytes);
  if (!header) throw unreadable(bytes, where);
  const { resize, crop, cover, pixelLimit = defaultPixelLimit } = options;
  if (header.width * header.height > pixelLimit) {
    throw new UnreadableImage(
      where,
      `has ${header.width}×${header.height} pixels, which is more than the limit of ${pixelLimit} (data.limits.pixels)`,
    );
  }
  const pixels = pixelsWhileDecoded(header, options);
  if (pixels > pixelLimit) {
    throw new UnreadableImage(
      where,
      `is ${header.width}×${header.height}, and with a shorter side of ${resize} would have ${pixels} pixels, which is more than the limit of ${pixelLimit} (data.limits.pixels)`,
    );
  }
  const asStored = (resize ?? crop ?? cover) === undefined;
  if (header.plainWebp && asStored) return decodePlainWebp(bytes, where);
  try {
    return await decodeBySharp(bytes, header, options, where);
  } catch (error) {
    throw error instanceof ReatError ? error : damaged(where, error);
  }
}

/** Pixels of an image while it is decoded. A strip that is scaled by its shorter side, and kept whole at first, has far more of them than in its file. */
export function pixelsWhileDecoded(
  { width, height }: Pick<ImageHeader, "width" | "height">,
  { resize, crop, cover, whole = false }: DecodeOptions,
): number {
  const scaledWhole = resize !== undefined && !cover && (crop !== undefined || whole);
  const scale = scaledWhole ? Math.max(1, resize / Math.min(width, height)) : 1;
  return Math.round(width * height * scale ** 2);
}

async function decodeBySharp(
  bytes: Buffer,
  header: ImageHeader,
  {
    resize,
    crop,
    cover,
    orientation = "apply",
    whole = false,
    pixelLimit = defaultPixelLimit,
  }: DecodeOptions,
  where: string,
): Promise<DecodedImage> {
  let image = sharp(bytes, { failOn: "warning", ignoreIcc: true, limitInputPixels: pixelLimit });
  // Inks are taken as stored: the library would convert them to RGB with a printing profile.
  if (header.cmyk) image = image.pipelineColourspace("cmyk").toColourspace("cmyk");
  else image = image.removeAlpha().toColourspace("srgb");
  if (orientation === "apply") image = image.autoOrient();
  const square = resize !== undefined && crop === undefined;
  const covered = cover ?? (square && !whole ? { width: resize, height: resize } : undefined);
  if (covered) {
    image = image.resize(covered.width, covered.height, { fit: "cover", kernel: "lanczos3" });
  } else if (resize !== undefined) {
    image = image.resize(resize, resize, { fit: "outside", kernel: "lanczos3" });
  }
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  const planes = header.cmyk
    ? inksToPlanes(data, width * height, channels)
    : toPlanes(data, width * height, channels);
  const decoded = { planes, height, width };
  if (square && whole) return withMiddle(decoded, resize);
  if (crop === undefined) return decoded;
  requireLarge(decoded, crop, where);
  return whole ? decoded : cut(decoded, middleOf(decoded, { height: crop, width: crop }));
}

/** A file that cannot be read as an image: damaged, or of another kind. */
export class UnreadableImage extends ReatError {
  constructor(
    where: string,
    /** What follows the file's name in a sentence, without the full stop. */
    readonly why: string,
    options?: ErrorOptions,
  ) {
    super("data", `${where} ${why}.`, options);
  }
}

function unreadable(bytes: Buffer, where: string): UnreadableImage {
  const other = otherImageKind(bytes);
  return new UnreadableImage(
    where,
    other
      ? `is ${other}, whatever its name says; read are png, jpeg and webp images`
      : "is not a readable png, jpeg or webp image",
  );
}

// libwebp alone takes a tenth of the time that a whole image pipeline takes for a 32×32 file.
let webpReady: Promise<void> | undefined;

async function decodePlainWebp(bytes: Buffer, where: string): Promise<DecodedImage> {
  webpReady ??= startWebp();
  await webpReady;
  try {
    const { data, width, height } = await decodeWebp(bytes as unknown as ArrayBuffer);
    return { planes: toPlanes(data, width * height, 4), height, width };
  } catch (error) {
    throw damaged(where, error);
  }
}

async function startWebp(): Promise<void> {
  const file = createRequire(import.meta.url).resolve("@jsquash/webp/codec/dec/webp_dec.wasm");
  // The decoder hands its result to the browser's ImageData, which Node does not have.
  const holder = globalThis as { ImageData?: unknown };
  holder.ImageData ??= class {
    constructor(
      readonly data: Uint8ClampedArray,
      readonly width: number,
      readonly height: number,
    ) {}
  };
  // Neither Node's types nor the package's declare the form that takes a compiled module.
  const { WebAssembly } = globalThis as unknown as {
    WebAssembly: { compile(code: Uint8Array): Promise<object> };
  };
  const init = initWebp as unknown as (module: object) => Promise<void>;
  await init(await WebAssembly.compile(await readFile(file)));
}

function toPlanes(pixels: Uint8Array | Uint8ClampedArray, area: number, channels: number): Uint8Array {
  const planes = new Uint8Array(channelCount * area);
  const grey = channels < 3;
  for (let i = 0; i < area; i++) {
    const at = i * channels;
    planes[i] = pixels[at]!;
    planes[area + i] = pixels[grey ? at : at + 1]!;
    planes[2 * area + i] = pixels[grey ? at : at + 2]!;
  }
  return planes;
}

/** Ink 255 is full: the library has turned the inks round that jpegs store inverted, as Pillow does for every one. */
function inksToPlanes(pixels: Uint8Array, area: number, channels: number): Uint8Array {
  const planes = new Uint8Array(channelCount * area);
  for (let i = 0; i < area; i++) {
    const at = i * channels;
    const white = 255 - pixels[at + 3]!;
    for (let c = 0; c < channelCount; c++) {
      planes[c * area + i] = white - Math.round((pixels[at + c]! * white) / 255);
    }
  }
  return planes;
}

function requireLarge({ height, width }: ImageSize, side: number, where: string): void {
  if (height >= side && width >= side) return;
  throw new ReatError(
    "data",
    `${where} is ${width}×${height}, too small to cut ${side}×${side} out of it; scale the images first (--resize, data.resize).`,
  );
}

/** The library takes the extra row or column of a middle at the beginning: it goes, so that the middle is the same from both ends. */
function withMiddle(image: DecodedImage, side: number): DecodedImage {
  const [top, left] = [(image.height - side) % 2, (image.width - side) % 2];
  if (top === 0 && left === 0) return image;
  return cut(image, { top, left, height: image.height - top, width: image.width - left });
}

function cut(image: DecodedImage, window: Window): DecodedImage {
  return { planes: cutWindow(image, window), height: window.height, width: window.width };
}

function damaged(where: string, cause: unknown): UnreadableImage {
  return new UnreadableImage(where, `is a damaged image (${plainReason(cause)})`, { cause });
}

/** What the library says, without the names of its parts: "VipsJpeg: premature end of JPEG image" → the end of that. */
function plainReason(cause: unknown): string {
  const [line = ""] = ((cause as Error)?.message ?? "").split("\n");
  const reason = line
    .split(": ")
    .at(-1)!
    .replace(/\b(\w*vips\w*|lib\w+)\b\s*/gi, "")
    .trim();
  // Where another image's thread has taken the message that was meant, only the rule that refused is left.
  if (/treated as error/i.test(reason)) return "its data is cut short or wrong";
  return reason || "it does not decode";
}
