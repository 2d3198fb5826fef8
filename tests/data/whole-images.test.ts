// Photographs that are kept whole: their middles are the images of a cropped set, and windows can be cut out of all of them.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type DeviceSplit,
  drawResizedCrops,
  evaluationBatches,
  imageAt,
  type LoadOptions,
  type Prepared,
  prepareDataset,
  readPacked,
  readSource,
  resizedCrops,
  selectImages,
  summarizeDataset,
  trainingBatches,
  uploadSplit,
  writePacked,
} from "../../src/data/index.js";
import { scope, tensor } from "../../src/tensor/index.js";
import { temporaryFolder, writeFiles } from "./files.js";

const kept = mkdtempSync(join(tmpdir(), "reat-whole-"));
afterAll(() => rmSync(kept, { recursive: true, force: true }));

/** Upright, lying, square, narrow, turned by its camera; both odd and even rests of a middle. */
const sizes = [
  [40, 31],
  [27, 54],
  [33, 33],
  [25, 70],
  [44, 29],
] as const;

async function photograph(seed: number): Promise<Buffer> {
  const [width, height] = sizes[seed % sizes.length]!;
  const pixels = Buffer.from(
    Array.from({ length: width * height * 3 }, (_, i) => ((i + 7) * (seed + 3) * 2654435761) >>> 24),
  );
  const image = sharp(pixels, { raw: { width, height, channels: 3 } });
  return seed % 2 === 0 ? image.png().toBuffer() : image.withMetadata({ orientation: 6 }).jpeg().toBuffer();
}

const middles = { resize: [{ resize: 24 }], both: [{ resize: 25, crop: 20 }], crop: [{ crop: 20 }] } as const;

describe("images that are kept whole", () => {
  let source: string;
  const prepared = (options: LoadOptions, name: string) =>
    prepareDataset(source, { ...options, cache: join(kept, name) });

  beforeAll(async () => {
    source = join(kept, "photographs");
    const files: Record<string, Buffer> = {};
    for (let i = 0; i < 10; i++)
      files[`train/${"ab"[i % 2]}/${i}.${i % 2 ? "jpg" : "png"}`] = await photograph(i);
    for (let i = 0; i < 4; i++)
      files[`test/${"ab"[i % 2]}/${i}.${i % 2 ? "jpg" : "png"}`] = await photograph(i + 4);
    writeFiles(source, files);
  });

  it.each(Object.entries(middles))(
    "have the middles of a cropped set, bit by bit (%s)",
    async (name, [shape]) => {
      const cut = (await prepared(shape, `cut-${name}`)).dataset;
      const { dataset: whole, file } = await prepared({ ...shape, whole: true }, `whole-${name}`);
      expect([whole.height, whole.width]).toEqual([cut.height, cut.width]);
      expect(whole.train.pages?.file).toBe(file);
      for (const split of ["train", "test"] as const) {
        expect(Buffer.from(whole[split].images).equals(Buffer.from(cut[split].images))).toBe(true);
        expect([...whole[split].labels]).toEqual([...cut[split].labels]);
      }
      expect(summarizeDataset(whole)).toEqual(summarizeDataset(cut));
      const shapes = Array.from({ length: 10 }, (_, i) => whole.train.pages!.sizeAt(i));
      expect(new Set(shapes.map(({ height, width }) => height > width)).size).toBe(2);
      const some = selectImages(whole.train, [3, 0]);
      expect([...imageAt(some, 0)]).toEqual([...imageAt(cut.train, 3)]);
      expect(some.pages!.sizeAt(0)).toEqual(whole.train.pages!.sizeAt(3));
    },
  );

  it("lose nothing of a photograph: what is stored is the scaled image", async () => {
    const { dataset } = await prepared({ resize: 24, whole: true }, "whole-resize");
    // The first of class a is 40×31: 24 high, 30.97 wide, of which an odd rest loses its first column.
    const [first] = dataset.train.pages!.readWhole([0]);
    const { data, info } = await sharp(await photograph(0))
      .removeAlpha()
      .resize(24, 24, { fit: "outside", kernel: "lanczos3" })
      .raw()
      .toBuffer({ resolveWithObject: true });
    const lost = (info.width - 24) % 2;
    expect([first!.height, first!.width]).toEqual([24, info.width - lost]);
    for (const [y, x, c] of [
      [0, 0, 0],
      [23, first!.width - 1, 2],
      [11, 4, 1],
    ] as const) {
      expect(first!.planes[(c * 24 + y) * first!.width + x]).toBe(data[(y * info.width + x + lost) * 3 + c]);
    }
  });

  describe("in a packed file", () => {
    let whole: Prepared;
    beforeAll(async () => {
      whole = await prepared({ resize: 24, whole: true }, "whole-resize");
    });

    it("are found again, and copied as they are", async () => {
      const again = await prepared({ resize: 24, whole: true }, "whole-resize");
      expect([again.reused, again.dataset.train.pages?.count]).toEqual([true, 10]);
      const copy = join(temporaryFolder(), "copy.reatpack");
      writePacked(copy, again.dataset, "x");
      const { train } = readPacked(copy);
      expect(train.pages!.readWhole([7, 2])).toEqual(whole.dataset.train.pages!.readWhole([7, 2]));
      expect(readFileSync(copy).toString("latin1", 0, 8)).toBe("REATPK02");
    });

    it("are refused where the sizes do not fit the images", () => {
      const bytes = readFileSync(whole.file);
      const file = join(temporaryFolder(), "damaged.reatpack");
      const { train } = JSON.parse(bytes.toString("utf8", 16, 16 + bytes.readUInt32LE(8))) as {
        train: { sizes: { offset: number } };
      };
      bytes[train.sizes.offset] = bytes[train.sizes.offset]! + 1;
      writeFileSync(file, bytes);
      expect(() => readPacked(file)).toThrow(`${file} is damaged: a checksum does not match`);
    });
  });

  it("need a file to lie in, and are at least as large as what is shown of them", async () => {
    await expect(
      readSource({ ...(await prepared({ resize: 24 }, "cut-resize")).source }, { resize: 24, whole: true }),
    ).rejects.toThrow("they need a file to lie in");
    await expect(prepared({ crop: 28, whole: true }, "small")).rejects.toThrow(
      /is \d+×\d+, too small to cut 28×28 out of it; scale the images first/,
    );
  });

  describe("in training", () => {
    let split: DeviceSplit;
    let whole: Prepared;
    beforeAll(async () => {
      whole = await prepared({ resize: 24, whole: true }, "whole-resize");
      split = uploadSplit(whole.dataset, whole.dataset.train);
    });
    afterAll(() => split.dispose());
    const options = { batchSize: 4, seed: 3, epoch: 2, resizedCrop: {} };
    const pixels = (plan: ReturnType<typeof trainingBatches>, b: number) =>
      scope(() => [...plan.batch(b).images.mul(255).toArray()].map(Math.round));

    it("give windows of all of them, the same in any order, others in each batch and epoch", () => {
      const plan = trainingBatches(split, options);
      const batches = [0, 1, 2].map((b) => pixels(plan, b));
      const again = trainingBatches(split, options);
      for (const b of [2, 0, 1]) expect(pixels(again, b)).toEqual(batches[b]);
      expect(pixels(trainingBatches(split, { ...options, epoch: 3 }), 0)).not.toEqual(batches[0]);
      const { pages } = whole.dataset.train;
      const indices = [...plan.order.subarray(4, 8)];
      const windows = drawResizedCrops(
        indices.map((index) => pages!.sizeAt(index)),
        [3, 2, 1],
      );
      const expected = scope(() =>
        [
          ...resizedCrops(
            pages!
              .readWhole(indices)
              .map(({ planes, height, width }) =>
                tensor(planes, { shape: [1, 3, height, width], dtype: "uint8" }),
              ),
            windows,
            { height: 24, width: 24 },
          ).toArray(),
        ].map(Number),
      );
      expect(batches[1]).toEqual(expected);
    });

    it("are measured by their middles", () => {
      const middle = scope(() =>
        [...evaluationBatches(split, 3).batch(1).images.mul(255).toArray()].map(Math.round),
      );
      expect(middle).toEqual([...whole.dataset.train.images.subarray(3 * 1728, 6 * 1728)]);
    });

    it("say so where a window is asked for of images that have one size", () => {
      using same = uploadSplit(whole.dataset, {
        images: whole.dataset.train.images,
        labels: whole.dataset.train.labels,
        count: 10,
      });
      const plan = trainingBatches(same, options);
      expect(pixels(plan, 1)).not.toEqual(
        pixels(trainingBatches(same, { ...options, augmentation: false, resizedCrop: null }), 1),
      );
      expect(pixels(plan, 1)).toEqual(pixels(trainingBatches(same, options), 1));
    });
  });
});
