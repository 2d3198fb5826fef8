// Sets that are too large for the memory: the same images, batches and figures from the packed file as from memory.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  contactSheet,
  createDataset,
  evaluationBatches,
  type ImageDataset,
  imageAt,
  type Prepared,
  prepareDataset,
  readPacked,
  selectImages,
  summarizeDataset,
  trainingBatches,
  uploadSplit,
  withLabels,
  writePacked,
} from "../../src/data/index.js";
import { scope } from "../../src/tensor/index.js";
import { temporaryFolder, writeFiles } from "./files.js";

/** For what all tests share. */
const kept = mkdtempSync(join(tmpdir(), "reat-pages-"));
afterAll(() => rmSync(kept, { recursive: true, force: true }));

const side = 12;
const noise = (seed: number) =>
  sharp(
    Buffer.from(Array.from({ length: 20 * 16 * 3 }, (_, i) => ((i + 7) * (seed + 3) * 2654435761) >>> 24)),
    {
      raw: { width: 20, height: 16, channels: 3 },
    },
  )
    .png()
    .toBuffer();

async function photographs(): Promise<string> {
  const folder = join(kept, "photographs");
  const files: Record<string, Buffer | string> = { "train/b/broken.jpg": "no image" };
  for (let i = 0; i < 9; i++) files[`train/${"aab"[i % 3]}/${i}.png`] = await noise(i);
  for (let i = 0; i < 4; i++) files[`test/${"ab"[i % 2]}/${i}.png`] = await noise(20 + i);
  for (let i = 0; i < 2; i++) files[`val/${"ab"[i]}/${i}.png`] = await noise(30 + i);
  await writeFiles(folder, files);
  return folder;
}

describe("a set that is too large for the memory", () => {
  const options = { resize: side, damaged: "skip" } as const;
  let source: string;
  let whole: ImageDataset;
  let paged: Prepared;

  beforeAll(async () => {
    source = await photographs();
    whole = (await prepareDataset(source, { ...options, cache: join(kept, "one") })).dataset;
    paged = await prepareDataset(source, { ...options, cache: join(kept, "two"), mostInMemory: 1000 });
  });

  it("stays in its packed file, which is the same as of one that does not", async () => {
    const { dataset, file } = paged;
    expect(
      [dataset.train.pages, dataset.test.pages, dataset.validation?.pages].map((pages) => pages?.file),
    ).toEqual([file, file, file]);
    expect(whole.train.pages).toBeUndefined();
    expect(readdirSync(dirname(file))).toHaveLength(1);
    const again = await prepareDataset(source, {
      ...{ ...options, cache: dirname(dirname(file)) },
      mostInMemory: 1000,
    });
    expect([again.reused, again.dataset.train.pages?.file]).toEqual([true, file]);
    const other = join(temporaryFolder(), "other.reatpack");
    writePacked(other, dataset, "x");
    const copy = join(temporaryFolder(), "copy.reatpack");
    writePacked(copy, whole, "x");
    expect(readFileSync(other).equals(readFileSync(copy))).toBe(true);
  });

  it("gives the same batches of training and evaluation, bit by bit, in any order", () => {
    for (const split of ["train", "test"] as const) {
      using inMemory = uploadSplit(whole, whole[split]);
      using inFile = uploadSplit(paged.dataset, paged.dataset[split]);
      expect(inFile.images.shape).toEqual([0, 3, side, side]);
      const plans = [inMemory, inFile].map((from) =>
        split === "train"
          ? trainingBatches(from, { batchSize: 2, seed: 5, epoch: 1, cutMix: null })
          : evaluationBatches(from, 3),
      );
      for (let b = plans[0]!.count - 1; b >= 0; b--) {
        const [first, second] = plans.map((plan) =>
          scope(() => {
            const { images, labels, indices } = plan.batch(b);
            return { images: images.flatten().toArray(), labels: labels.toArray(), indices };
          }),
        );
        expect(second).toEqual(first);
      }
    }
  });

  it("is summarised, drawn and cut into subsets as the one in memory", async () => {
    const { dataset } = paged;
    expect(summarizeDataset(dataset)).toEqual(summarizeDataset(whole));
    expect((await contactSheet(dataset)).equals(await contactSheet(whole))).toBe(true);
    const [some, same] = [dataset, whole].map(({ train }) => selectImages(train, [5, 0, 5]));
    expect([...imageAt(some!, 2)]).toEqual([...imageAt(same!, 2)]);
    expect([...some!.labels]).toEqual([...same!.labels]);
    expect([...some!.images]).toEqual([...same!.images]);
    expect(() => selectImages(dataset.train, [99])).toThrow(
      "Image 99 was asked for; this split holds images 0 to 8.",
    );
    const relabelled = withLabels(
      dataset.test,
      dataset.test.labels.map((label) => 1 - label),
    );
    expect(relabelled.pages).toBe(dataset.test.pages);
    expect(createDataset({ ...dataset, test: relabelled }).test.pages).toBe(dataset.test.pages);
  });

  it("is refused where the file is damaged, and says so where it goes while it is used", () => {
    const bytes = readFileSync(paged.file);
    const file = join(temporaryFolder(), "damaged.reatpack");
    const at = paged.dataset.train.pages!.stored.offset + 3;
    bytes[at] = bytes[at]! ^ 1;
    writeFileSync(file, bytes);
    expect(() => readPacked(file, 1000)).toThrow("a checksum does not match");
    writeFileSync(file, readFileSync(paged.file));
    const { train } = readPacked(file, 1000);
    rmSync(file);
    expect(() => imageAt(train, 0)).toThrow(/^The images in .* cannot be read any more/);
  });

  it("leaves nothing behind where it is refused", async () => {
    const cache = temporaryFolder();
    const reading = prepareDataset(source, { resize: side, cache, mostInMemory: 1000 });
    await expect(reading).rejects.toThrow("train/b/broken.jpg");
    expect(readdirSync(join(cache, "datasets"))).toEqual([]);
  });
});
