// Images of several pictures: the first is taken, and the files are named.
import sharp from "sharp";
import { expect, it } from "vitest";
import { loadDataset } from "../../src/data/index.js";
import { temporaryFolder, writeFiles } from "./files.js";
import { animatedPng, png } from "./image-files.js";

const still = (red: number) => png([red, 0, 0], { width: 1, height: 1, channels: 3 });

/** Lossless, so that its first pixel is known. */
const animatedWebp = (reds: readonly number[]) =>
  sharp(Buffer.from(reds.flatMap((red) => [red, 0, 0])), {
    raw: { width: 1, height: reds.length, channels: 3, pageHeight: 1 },
  })
    .webp({ lossless: true })
    .toBuffer();

it("of an animated png or webp the first picture is taken, and a note names the file", async () => {
  const files: Record<string, Buffer> = {};
  for (const split of ["train", "test"])
    for (const name of ["ant", "bee"]) files[`${split}/${name}/0.png`] = still(9);
  const plain = await loadDataset(writeFiles(temporaryFolder(), files), { cache: temporaryFolder() });
  expect(plain.notes).toEqual([]);
  const folder = writeFiles(temporaryFolder(), {
    ...files,
    "train/ant/1.png": animatedPng(still(7)),
    "train/bee/1.webp": await animatedWebp([5, 6]),
  });
  const { notes, train } = await loadDataset(folder, { cache: temporaryFolder() });
  expect(notes).toEqual([
    "Of images with several pictures the first was taken: train/ant/1.png, train/bee/1.webp.",
  ]);
  expect([0, 1, 2, 3].map((i) => train.images[3 * i])).toEqual([9, 7, 9, 5]);
});
