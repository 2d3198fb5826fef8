// What image files become, held against pixels that are known without a decoder: colours, depths, turns, scaling, limits.
import { readFileSync } from "node:fs";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { decodeImage, UnreadableImage } from "../../src/data/formats/image-decoder.js";
import { prepareDataset } from "../../src/data/index.js";
import { temporaryFolder, writeFiles } from "./files.js";
import { flatJpeg, png } from "./image-files.js";

const planes = async (bytes: Buffer, options = {}) => [...(await decodeImage(bytes, "x", options)).planes];
/** The colour of an image of one colour. */
async function colour(bytes: Buffer): Promise<number[]> {
  const all = await planes(bytes);
  const area = all.length / 3;
  const first = [0, 1, 2].map((c) => all[c * area]!);
  expect(all).toEqual(first.flatMap((value) => new Array<number>(area).fill(value)));
  return first;
}

describe("Pillow's own files", () => {
  const { images } = JSON.parse(readFileSync(new URL("pillow.json", import.meta.url), "utf8")) as {
    images: Record<string, { mode: string; width: number; height: number; planes: number[]; file: string }>;
  };
  it.each(Object.entries(images))(
    "%s: its pixels, every one",
    async (name, { width, height, planes, file }) => {
      const decoded = await decodeImage(Buffer.from(file, "base64"), name);
      expect({ ...decoded, planes: [...decoded.planes] }).toEqual({ width, height, planes });
    },
  );
});

describe("colours", () => {
  it("a colour profile is not applied, in colour and in grey", async () => {
    const { icc } = await sharp({ create: { width: 1, height: 1, channels: 3, background: "red" } })
      .withIccProfile("p3")
      .png()
      .toBuffer()
      .then((bytes) => sharp(bytes).metadata());
    const samples = [200, 30, 60, 10, 250, 90];
    const file = png(samples, { width: 2, height: 1, channels: 3 }, icc!);
    expect(await planes(file)).toEqual([200, 10, 30, 250, 60, 90]);
    const webp = await sharp(file, { ignoreIcc: true }).keepIccProfile().webp({ lossless: true }).toBuffer();
    expect(webp.toString("latin1", 12, 16)).toBe("VP8X");
    expect(await planes(webp)).toEqual([200, 10, 30, 250, 60, 90]);
  });

  it("inks become (255 − ink)(255 − black)/255, inverted ones of Adobe and those without its marker alike", async () => {
    // Stored inverted: 255 is no ink. Cyan 155, magenta 55, yellow 0, black 105.
    const stored = [100, 200, 255, 150];
    const expected = [155, 55, 0].map((ink) => 150 - Math.round((ink * 150) / 255));
    expect(expected).toEqual([59, 118, 150]);
    expect(await colour(flatJpeg(stored, true))).toEqual(expected);
    expect(await colour(flatJpeg(stored, false))).toEqual(expected);
    expect(await colour(flatJpeg([255, 255, 255, 255], true))).toEqual([255, 255, 255]);
  });

  it("a jpeg of one plane is repeated", async () => {
    expect(await colour(flatJpeg([77]))).toEqual([77, 77, 77]);
  });

  it("of 16 bits the upper 8 count, in grey, colour and with alpha, which is dropped", async () => {
    const deep = (...values: number[]) => values.flatMap((v) => [v, v, v].map((x, i) => x + 256 * i));
    const size = { width: 2, height: 1, bits: 16 as const };
    expect(await planes(png([0x12ff, 0xfe80], { ...size, channels: 1 }))).toEqual([
      0x12, 0xfe, 0x12, 0xfe, 0x12, 0xfe,
    ]);
    expect(await planes(png(deep(0x1180, 0x80ff), { ...size, channels: 3 }))).toEqual([
      0x11, 0x80, 0x12, 0x81, 0x13, 0x82,
    ]);
    const seeThrough = [0x1000, 0x2000, 0x3000, 0, 0x4000, 0x5000, 0x6000, 0x8000];
    expect(await planes(png(seeThrough, { ...size, channels: 4 }))).toEqual([
      0x10, 0x40, 0x20, 0x50, 0x30, 0x60,
    ]);
  });
});

describe("orientation", () => {
  /** 3×2, red channel 0…5 × 40, stored with this EXIF orientation; png keeps the pixels exact. */
  const turned = (orientation: number) =>
    sharp(
      png(
        [0, 40, 80, 120, 160, 200].flatMap((v) => [v, v, v]),
        { width: 3, height: 2, channels: 3 },
      ),
    )
      .withMetadata({ orientation })
      .png()
      .toBuffer();

  it.each([
    [1, 3, [0, 40, 80, 120, 160, 200]],
    [2, 3, [80, 40, 0, 200, 160, 120]],
    [3, 3, [200, 160, 120, 80, 40, 0]],
    [6, 2, [120, 0, 160, 40, 200, 80]],
    [8, 2, [80, 200, 40, 160, 0, 120]],
  ])("%i is applied, and left where that is asked for", async (orientation, width, expected) => {
    const bytes = await turned(orientation);
    const seen = await decodeImage(bytes, "x");
    expect([seen.width, [...seen.planes.subarray(0, 6)]]).toEqual([width, expected]);
    const stored = await decodeImage(bytes, "x", { orientation: "ignore" });
    expect([stored.width, [...stored.planes.subarray(0, 6)]]).toEqual([3, [0, 40, 80, 120, 160, 200]]);
  });
});

describe("scaling and cutting", () => {
  const wide = png(Array.from({ length: 4 * 6 }, (_, i) => [i, i, i]).flat(), {
    width: 6,
    height: 4,
    channels: 3,
  });

  it("crop alone cuts the middle, resize and crop scale the shorter side first", async () => {
    const cut = await decodeImage(wide, "x", { crop: 2 });
    expect([cut.width, cut.height, [...cut.planes.subarray(0, 4)]]).toEqual([2, 2, [8, 9, 14, 15]]);
    const both = await decodeImage(wide, "x", { resize: 8, crop: 8 });
    expect([both.width, both.height]).toEqual([8, 8]);
    expect(both.planes).toEqual((await decodeImage(wide, "x", { resize: 8 })).planes);
    await expect(decodeImage(wide, "x.png", { crop: 5 })).rejects.toThrow(
      "x.png is 6×4, too small to cut 5×5 out of it; scale the images first",
    );
  });
});

describe("limits and small files", () => {
  it("refuses more pixels than the limit before any is decoded, 100 million without another word", async () => {
    const bomb = png([0], { width: 1, height: 1, channels: 1 });
    bomb.writeUInt32BE(16_000, 16);
    bomb.writeUInt32BE(16_000, 20);
    await expect(decodeImage(bomb, "bomb.png")).rejects.toThrow(
      "bomb.png has 16000×16000 pixels, which is more than the limit of 100000000 (data.limits.pixels).",
    );
    const small = png([1, 2, 3, 4], { width: 2, height: 2, channels: 1 });
    await expect(decodeImage(small, "x", { pixelLimit: 3 })).rejects.toThrow("more than the limit of 3");
    await expect(decodeImage(small, "x", { pixelLimit: 3 })).rejects.toBeInstanceOf(UnreadableImage);
    expect(await planes(small, { pixelLimit: 4 })).toHaveLength(12);
  });

  it("refuses a strip that would be too large where it is scaled and kept whole", async () => {
    const strip = await sharp({ create: { width: 12_000, height: 1, channels: 3, background: "red" } })
      .png()
      .toBuffer();
    const refused = "strip.png is 12000×1, and with a shorter side of 96 would have 110592000 pixels";
    await expect(decodeImage(strip, "strip.png", { resize: 96, whole: true })).rejects.toThrow(refused);
    await expect(decodeImage(strip, "strip.png", { resize: 96, crop: 64 })).rejects.toThrow(refused);
    expect(await decodeImage(strip, "strip.png", { resize: 32 })).toMatchObject({ height: 32, width: 32 });
    const folder = temporaryFolder();
    const square = await sharp({ create: { width: 20, height: 20, channels: 3, background: "red" } })
      .png()
      .toBuffer();
    writeFiles(folder, {
      ...Object.fromEntries(["a/1", "a/2", "b/1", "b/2"].map((name) => [`${name}.png`, square])),
      "a/strip.png": strip,
    });
    const cache = temporaryFolder();
    const options = { cache, resize: 96, whole: true };
    await expect(prepareDataset(folder, options)).rejects.toThrow(/a\/strip\.png in .*--damaged skip/);
    const { dataset } = await prepareDataset(folder, { ...options, damaged: "skip" });
    expect(dataset.damaged.map(({ path }) => path)).toEqual(["a/strip.png"]);
    expect(dataset.train.count + dataset.test.count).toBe(4);
  });

  it("reads the smallest webp", async () => {
    const tiny = Buffer.from(
      "5249464614000000574542505650384c08000000 2f00000000888808".replace(/ /g, ""),
      "hex",
    );
    expect(tiny.length).toBe(28);
    const { width, height } = await decodeImage(tiny, "x");
    expect([width, height]).toEqual([1, 1]);
  });

  it.each([
    ["GIF89a\x01\0\x01\0\0\0\0;", "is a GIF, whatever its name says"],
    ["II*\0\x08\0\0\0", "is a TIFF"],
    [`BM${"\0".repeat(60)}`, "is a BMP"],
    ["\0\0\0\x18ftypheic\0\0\0\0", "is a HEIC"],
    ["\0\0\0\x18ftypavif\0\0\0\0", "is an AVIF"],
    ["", "is not a readable png, jpeg or webp image"],
    ["\x89PNG", "is not a readable"],
    ["RIFF\x04\0\0\0WEBPVP8L", "is not a readable"],
  ])("names what is no image that is read: %j", async (bytes, message) => {
    await expect(decodeImage(Buffer.from(bytes, "latin1"), "x.png")).rejects.toThrow(message);
  });
});
