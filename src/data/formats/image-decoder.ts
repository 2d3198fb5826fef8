// Turns one image file into RGB planes.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import decodeWebp, { init as initWebp } from "@jsquash/webp/decode.js";
import sharp from "sharp";
import { ReatError } from "../../errors.js";
import { CHANNELS } from "../dataset.js";
import { readImageHeader } from "./image-header.js";

/** Height and width of images in pixels. */
export interface ImageSize {
  readonly height: number;
  readonly width: number;
}

/** Three planes, red first, `[3, height, width]`. */
export interface DecodedImage extends ImageSize {
  readonly planes: Uint8Array;
}

/**
 * Decodes a png, jpeg or webp file to RGB: grey is repeated, transparency is dropped (not blended), as Pillow's
 * `convert("RGB")` does.
 * @param where how errors name the file
 * @param resize where given, the image is scaled so that it covers this size and its middle is cut out
 * @throws ReatError `data` where the bytes are no such image or damaged
 */
export async function decodeImage(bytes: Buffer, where: string, resize?: ImageSize): Promise<DecodedImage> {
  const header = readImageHeader(bytes);
  if (!header) throw unreadable(where);
  if (header.plainWebp && !(resize && (header.height !== resize.height || header.width !== resize.width))) {
    return decodePlainWebp(bytes, where);
  }
  try {
    let image = sharp(bytes, { failOn: "warning" });
    if (resize) image = image.resize(resize.width, resize.height, { fit: "cover", kernel: "lanczos3" });
    const { data, info } = await image
      .removeAlpha()
      .toColourspace("srgb")
      .raw()
      .toBuffer({ resolveWithObject: true });
    return {
      planes: toPlanes(data, info.width * info.height, info.channels),
      height: info.height,
      width: info.width,
    };
  } catch (error) {
    throw damaged(where, error);
  }
}

/** @internal The error for a file that is no image at all. */
export function unreadable(where: string): ReatError {
  return new ReatError("data", `${where} is not a readable png, jpeg or webp image.`);
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
  const planes = new Uint8Array(CHANNELS * area);
  const grey = channels < 3;
  for (let i = 0; i < area; i++) {
    const at = i * channels;
    planes[i] = pixels[at]!;
    planes[area + i] = pixels[grey ? at : at + 1]!;
    planes[2 * area + i] = pixels[grey ? at : at + 2]!;
  }
  return planes;
}

function damaged(where: string, cause: unknown): ReatError {
  const why = (cause as Error)?.message?.split("\n")[0] ?? "it does not decode";
  return new ReatError("data", `${where} is a damaged image (${why}).`, { cause });
}
