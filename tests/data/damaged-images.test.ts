// Damaged images are never lost without a word: refused with their number, or skipped, counted and named.
import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { loadDataset, readPacked, writePacked } from "../../src/data/index.js";
import { tarGz, temporaryFolder, writeFiles, zip } from "./files.js";

type Files = Record<string, Buffer>;
let good: Files;
const kinds = ["png", "jpg", "webp"] as const;
const noise = Buffer.from(Array.from({ length: 32 * 32 * 3 }, (_, i) => (i * 2654435761) >>> 24));
const image: Partial<Record<(typeof kinds)[number], Buffer>> = {};

beforeAll(async () => {
  const raw = { raw: { width: 32, height: 32, channels: 3 as const } };
  image.png = await sharp(noise, raw).png().toBuffer();
  image.jpg = await sharp(noise, raw).jpeg().toBuffer();
  image.webp = await sharp(noise, raw).webp().toBuffer();
  good = Object.fromEntries(
    ["ant", "bee"].flatMap((name) => [1, 2, 3, 4, 5, 6].map((i) => [`${name}/${i}.png`, image.png!])),
  );
});

const half = (bytes: Buffer) => bytes.subarray(0, bytes.length >> 1);
const flipped = (bytes: Buffer) => {
  const copy = Buffer.from(bytes);
  copy[copy.length >> 1]! ^= 0x55;
  return copy;
};
const load = (path: string, damaged?: "skip") =>
  loadDataset(path, { cache: temporaryFolder(), ...(damaged && { damaged }) });

describe("a damaged image", () => {
  it.each(kinds)("cut in the middle of a class is refused by name, every time: %s", async (kind) => {
    const folder = writeFiles(temporaryFolder(), { ...good, [`ant/3a.${kind}`]: half(image[kind]!) });
    for (let run = 0; run < 5; run++) {
      await expect(load(folder)).rejects.toThrow(
        new RegExp(
          `^ant/3a\\.${kind} in .* is a damaged image \\((?!.*(?:vips|libpng|Vips)).*\\); it is the only such file among 13 images\\. Mend or remove it, or go on without \\(--damaged skip, data\\.damaged\\)\\.$`,
        ),
      );
    }
  });

  it("with a flipped byte, and three of many, the first named and all counted", async () => {
    const many: Files = { ...good };
    for (let i = 0; i < 60; i++) many[`bee/more${i}.png`] = image.png!;
    for (const i of [7, 21, 50]) many[`bee/more${i}.png`] = flipped(image.png!);
    const folder = writeFiles(temporaryFolder(), many);
    await expect(load(folder)).rejects.toThrow(
      /^bee\/more21\.png in .*; it is the first of 3 such files among 72 images\. Mend or remove them/,
    );
  });

  it("is skipped where that is asked for: counted, named, and kept in the packed file", async () => {
    const folder = writeFiles(temporaryFolder(), {
      ...good,
      "ant/3.png": half(image.png!),
      "bee/2.png": Buffer.from("GIF89a"),
      "bee/6.png": Buffer.alloc(0),
    });
    const cache = temporaryFolder();
    for (let run = 0; run < 2; run++) {
      const dataset = await loadDataset(folder, { cache, damaged: "skip" });
      expect(dataset.train.count + dataset.test.count).toBe(9);
      expect(dataset.damaged.map(({ path }) => path)).toEqual(["ant/3.png", "bee/2.png", "bee/6.png"]);
      expect(dataset.damaged[1]!.why).toBe(
        "is a GIF, whatever its name says; read are png, jpeg and webp images",
      );
      expect(dataset.notes.join(" ")).toContain(
        "3 damaged files were passed over: ant/3.png is a damaged image (",
      );
      const file = join(temporaryFolder(), "again.reatpack");
      writePacked(file, dataset);
      expect(readPacked(file).damaged).toEqual(dataset.damaged);
    }
    // What was packed while skipping is not taken for what is asked for without it.
    await expect(loadDataset(folder, { cache })).rejects.toThrow("it is the first of 3 such files");
  });

  it("in every file of a class is refused even so: the ids of the others would shift", async () => {
    const damaged = Object.fromEntries(
      Object.entries(good).map(([path, bytes]) => [path, path.startsWith("ant") ? half(bytes) : bytes]),
    );
    const folder = writeFiles(temporaryFolder(), {
      ...damaged,
      ...{ "cat/1.png": image.png!, "cat/2.png": image.png! },
    });
    await expect(load(folder, "skip")).rejects.toThrow('All images of class "ant" of');
  });

  it("first in the source does not set the size that the others are compared with", async () => {
    const other = await sharp(noise.subarray(0, 16 * 16 * 3), { raw: { width: 16, height: 16, channels: 3 } })
      .png()
      .toBuffer();
    const folder = writeFiles(temporaryFolder(), { ...good, "ant/0.png": half(other) });
    const dataset = await load(folder, "skip");
    expect([dataset.width, dataset.damaged.length]).toEqual([32, 1]);
  });

  it("in archives too, and an entry of a zip that fails its checksum counts as one", async () => {
    const files = { ...good, "bee/4.png": half(image.png!) };
    const place = temporaryFolder();
    writeFileSync(join(place, "a.tar.gz"), tarGz(files));
    const zipped = zip(good);
    // The name of an entry is followed by its bytes, and stands a second time in the list.
    const at = zipped.indexOf("ant/5.png") + 40;
    zipped[at]! ^= 0xff;
    writeFileSync(join(place, "b.zip"), zipped);
    await expect(load(join(place, "a.tar.gz"))).rejects.toThrow(
      /^bee\/4\.png in .* the only such file among 12/,
    );
    await expect(load(join(place, "b.zip"))).rejects.toThrow(
      /^ant\/5\.png in .* the only such file among 12/,
    );
    const dataset = await load(join(place, "b.zip"), "skip");
    expect([dataset.train.count + dataset.test.count, dataset.damaged.length]).toEqual([11, 1]);
  });
});

describe("a link that leads nowhere", () => {
  it("counts as a damaged image; one to a folder above it is named as well", async () => {
    const folder = writeFiles(temporaryFolder(), good);
    symlinkSync("gone.png", join(folder, "ant", "7.png"));
    await expect(load(folder)).rejects.toThrow(
      /^ant\/7\.png in .* is a link to gone\.png, which is not there; it is the only/,
    );
    symlinkSync("..", join(folder, "bee", "loop"));
    symlinkSync("self.png", join(folder, "bee", "self.png"));
    const dataset = await load(folder, "skip");
    expect(dataset.damaged).toEqual([
      { path: "ant/7.png", why: "is a link to gone.png, which is not there" },
      { path: "bee/loop", why: "is a link to a folder that holds it" },
      { path: "bee/self.png", why: "is a link to self.png, which leads round in a loop" },
    ]);
    expect(dataset.train.count + dataset.test.count).toBe(12);
  });

  it("links that lead somewhere are followed", async () => {
    const folder = writeFiles(temporaryFolder(), { ...good });
    symlinkSync("1.png", join(folder, "ant", "7.png"));
    symlinkSync("bee", join(folder, "cat"));
    const dataset = await load(folder);
    expect(dataset.classNames).toEqual(["ant", "bee", "cat"]);
    expect(dataset.train.count + dataset.test.count).toBe(19);
  });

  it("a name that is no UTF-8 is said, instead of being read as another", async () => {
    const folder = writeFiles(temporaryFolder(), good);
    writeFileSync(
      Buffer.concat([Buffer.from(`${folder}/ant/caf`), Buffer.from([0xe9]), Buffer.from(".png")]),
      image.png!,
    );
    await expect(load(folder)).rejects.toThrow(
      `The name "caf\\xe9.png" in ${folder}/ant is no UTF-8; rename it.`,
    );
  });
});
