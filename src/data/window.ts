// Cuts a window out of an image's planes.
import { channelCount } from "./channels.js";

/** Height and width in pixels. */
interface Sides {
  readonly height: number;
  readonly width: number;
}

/** A place in an image, in pixels from its upper left corner. */
export interface Window extends Sides {
  readonly top: number;
  readonly left: number;
}

/** The middle of an image; where an odd number of rows or columns is left out, the extra one is at the end. */
export function middleOf(image: Sides, { height, width }: Sides): Window {
  return { top: (image.height - height) >> 1, left: (image.width - width) >> 1, height, width };
}

/**
 * Copies a window, which lies within the image.
 * @param image planes `[3, height, width]`
 * @param into `[3, height, width]` of the window
 */
export function cutWindow(
  image: Sides & { readonly planes: Uint8Array },
  { top, left, height, width }: Window,
  into: Uint8Array = new Uint8Array(channelCount * height * width),
): Uint8Array {
  for (let c = 0; c < channelCount; c++) {
    for (let y = 0; y < height; y++) {
      const from = (c * image.height + top + y) * image.width + left;
      into.set(image.planes.subarray(from, from + width), (c * height + y) * width);
    }
  }
  return into;
}
