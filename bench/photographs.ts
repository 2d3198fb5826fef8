// Makes photographs for a benchmark: smooth shapes with grain, so that their files are as large as a camera's of this size.
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { CounterRandom } from "reat/data";
import sharp from "sharp";

const classes = 10;
/** Test images beside the training images, so that none are drawn from these. */
const tested = 100;
/** Each of the file's coarse pixels becomes so many of the photograph. */
const coarse = 16;
const grain = 12;

/**
 * Writes `count` JPEGs into one folder per class below `folder`/train, and a few into `folder`/test, unless they are there.
 * @param side in pixels
 */
export async function makePhotographs(
  folder: string,
  count: number,
  side: number,
  onProgress: (text: string) => void,
): Promise<void> {
  if (existsSync(folder)) return;
  const draft = `${folder}.tmp`;
  rmSync(draft, { recursive: true, force: true });
  for (const [split, images] of [
    ["train", count],
    ["test", tested],
  ] as const) {
    for (let i = 0; i < images; i++) {
      const file = join(draft, split, `class-${i % classes}`, `${String(i).padStart(5, "0")}.jpg`);
      if (i < classes) mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, await photograph(new CounterRandom(split === "train" ? i : count + i), side));
      if (i % 500 === 0) onProgress(`${i} of ${images} photographs made`);
    }
  }
  renameSync(draft, folder);
}

async function photograph(random: CounterRandom, side: number): Promise<Buffer> {
  const small = Math.ceil(side / coarse);
  const shapes = Buffer.from(Array.from({ length: small * small * 3 }, () => random.below(256)));
  const pixels = await sharp(shapes, { raw: { width: small, height: small, channels: 3 } })
    .resize(side, side, { kernel: "cubic" })
    .raw()
    .toBuffer();
  for (let i = 0; i < pixels.length; i++) {
    pixels[i] = Math.min(255, Math.max(0, pixels[i]! + random.below(2 * grain + 1) - grain));
  }
  return sharp(pixels, { raw: { width: side, height: side, channels: 3 } })
    .jpeg({ quality: 90 })
    .toBuffer();
}
