// The splits that a folder has of its own: what is trained, chosen and measured on, and what is refused before a run begins.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseConfig } from "../../src/experiments/config/config.js";
import { loadData, refuseUntrainable, validationImages } from "../../src/experiments/data.js";
import { decidingSettings, describeData } from "../../src/experiments/run-record.js";
import { temporaryFolder, writeFiles } from "../data/files.js";
import { png } from "../data/image-files.js";

const before = process.env.REAT_CACHE;
beforeAll(() => {
  // What is packed here is gone after the tests.
  process.env.REAT_CACHE = `${import.meta.dirname}/../../build/tests/data-splits-${process.pid}`;
});
afterAll(async () => {
  const { rm } = await import("node:fs/promises");
  await rm(process.env.REAT_CACHE!, { recursive: true, force: true });
  if (before === undefined) delete process.env.REAT_CACHE;
  else process.env.REAT_CACHE = before;
});

/** One-pixel images, so many in each class of each split; the red of an image tells its split. */
function folder(splits: Readonly<Record<string, number>>, extra: Record<string, Buffer> = {}): string {
  const files: Record<string, Buffer> = { ...extra };
  Object.entries(splits).forEach(([split, count], red) => {
    for (const name of ["ant", "bee"]) {
      for (let i = 0; i < count; i++) {
        files[`${split}/${name}/${i}.png`] = png([red, i, 0], { width: 1, height: 1, channels: 3 });
      }
    }
  });
  return writeFiles(temporaryFolder(), files);
}

const configOf = (data: object, training: object = {}) => parseConfig({ data, training });
const reds = ({ images, count }: { images: Uint8Array; count: number }) =>
  Array.from({ length: count }, (_, i) => images[3 * i]);

describe("a folder with train, val and test", () => {
  it("keeps test for the test; val chooses the best checkpoint unless images are set aside", async () => {
    const source = folder({ train: 6, val: 2, test: 3 });
    const own = configOf({ source }, { select: "validation" });
    const data = await loadData(own);
    expect(reds(data.dataset.test)).toEqual(new Array(6).fill(2));
    expect(reds(validationImages(data))).toEqual(new Array(4).fill(1));
    expect(describeData(data)).toMatchObject({ validationImages: 4, trainCounts: [6, 6] });
    expect(() => refuseUntrainable(data, own)).not.toThrow();
    const aside = await loadData(configOf({ source, validationPerClass: 1 }));
    expect(reds(validationImages(aside))).toEqual([0, 0]);
  });

  it("without val, validation is refused before anything is trained", async () => {
    const config = configOf({ source: folder({ train: 3, test: 2 }) }, { select: "validation" });
    const data = await loadData(config);
    expect(() => refuseUntrainable(data, config)).toThrow(
      /has no val\/ beside its test images and data\.validationPerClass is 0/,
    );
    expect(() => configOf({ source: "cifar10" }, { select: "validation" })).toThrow(
      "validationPerClass is 0",
    );
  });

  it("test images alone are measured on with the sizes of a model's training, and not trained on", async () => {
    const source = folder({ test: 3 });
    const config = configOf({ source, subset: { profile: "exponential", imbalance: 10 } });
    const trained = { names: ["bee", "ant"], counts: [50, 5], of: "the run birds" };
    const data = await loadData(config, undefined, trained);
    expect([data.classCounts, data.dataset.test.count]).toEqual([[50, 5], 6]);
    expect(data.subset.train).toHaveLength(0);
    expect(() => refuseUntrainable(data, config)).toThrow(
      /has no training images, only 6 test images: it can be evaluated on, not trained on/,
    );
  });
});

describe("damaged images", () => {
  it("that were skipped are in the run's record", async () => {
    const source = folder({ train: 3, test: 2 }, { "train/ant/9.png": Buffer.from("no image") });
    await expect(loadData(configOf({ source }))).rejects.toThrow(
      /^train\/ant\/9\.png in .* the only such file among 11/,
    );
    const record = describeData(await loadData(configOf({ source, damaged: "skip" })));
    expect(record.damaged).toEqual([
      { path: "train/ant/9.png", why: "is not a readable png, jpeg or webp image" },
    ]);
    expect(record.notes.join(" ")).toContain("1 damaged file was passed over: train/ant/9.png");
  });
});

describe("limits and ways of reading", () => {
  it("of the configuration hold", async () => {
    const source = folder({ train: 3, test: 2 });
    await expect(loadData(configOf({ source, limits: { files: 9 } }))).rejects.toThrow("more than 9 files");
    await expect(loadData(configOf({ source, limits: { fileBytes: 10 } }))).rejects.toThrow(
      "(data.limits.fileBytes)",
    );
  });

  it("a picture that was replaced under its name is noticed by a run that goes on", async () => {
    const blue = png([0, 0, 255], { width: 1, height: 1, channels: 3 });
    const of = async (replaced: Record<string, Buffer>) => {
      const config = configOf({ source: writeFiles(folder({ train: 3, test: 2 }), replaced) });
      const { data } = decidingSettings(config, await loadData(config));
      return data as { contentHash: string; subsetHash: string };
    };
    const own = await of({});
    const other = await of({ "train/ant/0.png": blue });
    expect(other.subsetHash).toBe(own.subsetHash);
    expect(other.contentHash).not.toBe(own.contentHash);
    // No test image decides what is trained.
    expect((await of({ "test/ant/0.png": blue })).contentHash).toBe(own.contentHash);
  });

  it("a run from before there was a choice goes on: what is as it was is not among the deciding settings", async () => {
    const source = folder({ train: 3, test: 2 });
    const plain = configOf({ source, limits: { files: 1000 } });
    const keys = Object.keys(decidingSettings(plain, await loadData(plain)).data as object);
    expect(keys.sort()).toEqual([
      "contentHash",
      "resize",
      "source",
      "subset",
      "subsetHash",
      "testShare",
      "validationPerClass",
    ]);
    const stored = configOf({ source, orientation: "ignore", damaged: "skip" });
    expect(decidingSettings(stored, await loadData(stored)).data).toMatchObject({
      orientation: "ignore",
      damaged: "skip",
    });
  });
});
