// Images in class folders: formats, colour kinds, splits, resizing, and what is refused.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { detectSource, type ImageDataset, type LoadOptions, readSource } from "../../src/data/index.js";
import { tarGz, temporaryFolder, writeFiles } from "./files.js";

const side = 8;

/** Interleaved pixels; lossless formats must give them back exactly. */
function pixels(seed: number, channels = 3, size = side): Buffer {
  return Buffer.from(
    Array.from({ length: size * size * channels }, (_, i) => (seed * 53 + i * 29 + (i >> 3)) & 255),
  );
}

function image(
  data: Buffer,
  format: "png" | "webp" | "jpeg",
  channels: 1 | 2 | 3 | 4 = 3,
  size = side,
): Promise<Buffer> {
  const raw = sharp(data, { raw: { width: size, height: size, channels } });
  if (format === "webp") return raw.webp({ lossless: true, exact: true }).toBuffer();
  return format === "png" ? raw.png().toBuffer() : raw.jpeg({ quality: 95 }).toBuffer();
}

/** Planes of image `i` of a split, as interleaved pixels again. */
function interleaved(dataset: ImageDataset, i: number, split: "train" | "test" = "train"): number[] {
  const area = dataset.height * dataset.width;
  const planes = dataset[split].images.subarray(i * 3 * area, (i + 1) * 3 * area);
  return Array.from({ length: 3 * area }, (_, p) => planes[(p % 3) * area + Math.floor(p / 3)]!);
}

const read = async (path: string, options?: LoadOptions) => readSource(await detectSource(path), options);

describe("class folders", () => {
  it("gives back lossless pixels from png and webp, classes alphabetical, images by name", async () => {
    const files = {
      "train/zebra/1.png": await image(pixels(1), "png"),
      "train/ant/b.webp": await image(pixels(2), "webp"),
      "train/ant/a.PNG": await image(pixels(3), "png"),
      "test/ant/x.webp": await image(pixels(4), "webp"),
      "train/readme.txt": "not an image",
      "train/ant/.hidden.png": "neither",
    };
    const folder = writeFiles(temporaryFolder(), files);
    const archive = join(temporaryFolder(), "animals.tar.gz");
    writeFileSync(
      archive,
      tarGz(Object.fromEntries(Object.entries(files).map(([path, bytes]) => [`./animals/${path}`, bytes]))),
    );
    for (const path of [folder, archive]) {
      const dataset = await read(path);
      expect(dataset.classNames).toEqual(["ant", "zebra"]);
      expect([...dataset.train.labels]).toEqual([0, 0, 1]);
      expect([3, 2, 1].map((seed) => [...pixels(seed)])).toEqual(
        [0, 1, 2].map((i) => interleaved(dataset, i)),
      );
      expect(interleaved(dataset, 0, "test")).toEqual([...pixels(4)]);
      expect(dataset.notes).toEqual([
        ...(path === archive ? ["Classes and splits were looked for in animals/."] : []),
        "Files that are no images in class folders were passed over: 1 × .txt.",
        "Classes without test images: zebra.",
      ]);
    }
    expect((await read(archive)).name).toBe("animals");
  });

  it("turns grey to RGB and drops transparency, in png and webp", async () => {
    const grey = pixels(5, 1);
    const rgba = pixels(6, 4);
    const folder = writeFiles(temporaryFolder(), {
      "train/a/grey.png": await image(grey, "png", 1),
      "train/b/alpha.png": await image(rgba, "png", 4),
      "train/c/alpha.webp": await image(rgba, "webp", 4),
      "test/a/grey.png": await image(grey, "png", 1),
    });
    const dataset = await read(folder);
    const colours = [...rgba].filter((_, i) => i % 4 !== 3);
    expect(interleaved(dataset, 0)).toEqual([...grey].flatMap((v) => [v, v, v]));
    expect(interleaved(dataset, 1)).toEqual(colours);
    expect(interleaved(dataset, 2)).toEqual(colours);
  });

  it("reads jpeg as the image library decodes it, and val/ as the test split", async () => {
    const flat = Buffer.alloc(side * side * 3, 200);
    const folder = writeFiles(temporaryFolder(), {
      "train/a/1.jpg": await image(flat, "jpeg"),
      "train/b/1.jpeg": await image(flat, "jpeg"),
      "val/b/1.jpg": await image(flat, "jpeg"),
    });
    const dataset = await read(folder);
    expect([...dataset.test.labels]).toEqual([1]);
    for (const value of interleaved(dataset, 0)) expect(Math.abs(value - 200)).toBeLessThanOrEqual(1);
    expect(dataset.notes).toEqual([
      "There is no test/: the images in val/ are the test split.",
      "Classes without test images: a.",
    ]);
  });

  it("draws a stratified test split, by seed, where there is none, and says so", async () => {
    const files: Record<string, Buffer> = {};
    for (let i = 0; i < 10; i++) files[`cat/${i}.png`] = await image(pixels(i), "png");
    for (let i = 0; i < 5; i++) files[`dog/${i}.png`] = await image(pixels(100 + i), "png");
    const folder = writeFiles(temporaryFolder(), files);
    const dataset = await read(folder);
    expect([...dataset.train.labels]).toEqual([...Array(8).fill(0), ...Array(4).fill(1)]);
    expect([...dataset.test.labels]).toEqual([0, 0, 1]);
    expect(dataset.notes[0]).toContain("20 % of each class were drawn for it with seed 0");
    const all = [...Array(12).keys()].map((i) => interleaved(dataset, i).join());
    const drawn = [0, 1, 2].map((i) => interleaved(dataset, i, "test").join());
    expect(new Set([...all, ...drawn]).size).toBe(15);
    expect((await read(folder)).test.images).toEqual(dataset.test.images);
    expect((await read(folder, { testSeed: 1 })).test.images).not.toEqual(dataset.test.images);
    await expect(read(folder, { testShare: 1 })).rejects.toThrow(
      "The test share is 1; it must lie between 0 and 1",
    );
  });

  it("names the file of another size, unless a size to scale to is given", async () => {
    const folder = writeFiles(temporaryFolder(), {
      "train/a/1.png": await image(pixels(1), "png"),
      "train/b/2.png": await image(pixels(1, 3, 11), "png", 3, 11),
      "train/b/3.webp": await image(Buffer.alloc(20 * 20 * 3, 77), "webp", 3, 20),
      "test/a/1.png": await image(pixels(1), "png"),
    });
    await expect(read(folder)).rejects.toThrow(
      `train/b/2.png in ${folder} is 11×11 and test/a/1.png in ${folder} is 8×8; all images must have one size`,
    );
    const dataset = await read(folder, { resize: 8 });
    expect([dataset.height, dataset.width, dataset.train.count]).toEqual([8, 8, 3]);
    expect(interleaved(dataset, 0)).toEqual([...pixels(1)]);
    expect(new Set(interleaved(dataset, 2))).toEqual(new Set([77]));
  });

  it.each(["png", "webp", "jpeg"] as const)("names a damaged %s", async (format) => {
    const whole = await image(pixels(1, 3, 32), format, 3, 32);
    const good = await image(pixels(1, 3, 32), "png", 3, 32);
    const files = { "train/a/1.png": good, "train/b/1.png": good, "test/a/1.png": good };
    for (const bytes of [
      whole.subarray(0, whole.length - 400),
      Buffer.from("no image, whatever its name may be"),
    ]) {
      const folder = writeFiles(temporaryFolder(), { ...files, [`train/b/bad.${format}`]: bytes });
      await expect(read(folder)).rejects.toThrow(
        new RegExp(`^train/b/bad\\.${format} in .* is (a damaged image|not a readable)`),
      );
    }
  });

  it("refuses a class that is only tested, a single class, and paths without data", async () => {
    const one = await image(pixels(1), "png");
    const foreign = writeFiles(temporaryFolder(), {
      "train/a/1.png": one,
      "train/b/1.png": one,
      "test/c/1.png": one,
    });
    await expect(read(foreign)).rejects.toThrow('Class "c"');
    const single = writeFiles(temporaryFolder(), { "train/a/1.png": one, "test/a/1.png": one });
    await expect(read(single)).rejects.toThrow("at least 2 class folders");
    const lonely = writeFiles(temporaryFolder(), { "a/1.png": one, "b/1.png": one });
    await expect(read(lonely)).rejects.toThrow("every class needs at least 2");
    const accepted = /accepted are CIFAR-10 or CIFAR-100 in binary or pickled form/;
    await expect(read(temporaryFolder())).rejects.toThrow(accepted);
    await expect(read("/no/such/place")).rejects.toThrow(accepted);
    await expect(
      read(join(writeFiles(temporaryFolder(), { "notes.txt": "text" }), "notes.txt")),
    ).rejects.toThrow(accepted);
  });
});
