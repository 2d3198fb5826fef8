// Images side by side in one PNG.
import sharp from "sharp";
import { channelCount } from "./channels.js";

/** Between images; clear. */
const gap = 2;

/**
 * A PNG of images in one row.
 * @param images each of channels × height × width values from 0 to 255, channel by channel
 * @throws RangeError for an image of another size
 */
export async function imageStrip(
  images: readonly ArrayLike<number>[],
  height: number,
  width: number,
): Promise<Buffer> {
  const channels = 4;
  const rowWidth = images.length * (width + gap) - gap;
  const pixels = Buffer.alloc(rowWidth * height * channels);
  for (const [column, image] of images.entries()) {
    if (image.length !== channelCount * height * width) {
      throw new RangeError(`An image of ${image.length} values is not ${channelCount}×${height}×${width}.`);
    }
    for (let at = 0; at < height * width; at++) {
      const [y, x] = [Math.floor(at / width), at % width];
      const to = (y * rowWidth + column * (width + gap) + x) * channels;
      for (let channel = 0; channel < channelCount; channel++) {
        pixels[to + channel] = image[channel * height * width + at]!;
      }
      pixels[to + channelCount] = 255;
    }
  }
  return sharp(pixels, { raw: { width: rowWidth, height, channels } })
    .png()
    .toBuffer();
}
