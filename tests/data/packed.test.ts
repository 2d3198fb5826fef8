// The packed file and the cache: what goes in comes out, and nothing damaged or stale ever does.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  createDataset,
  detectSource,
  generateSynthetic,
  loadDataset,
  prepareDataset,
  readPacked,
  readPackedHeader,
  verifySource,
  writePacked,
} from "../../src/data/index.js";
import { cifarBatch, temporaryFolder, writeFiles } from "./files.js";

const small = () => generateSynthetic({ seed: 1, trainPerClass: 3, testPerClass: 1 });

function cifarFolder(): string {
  const files = Object.fromEntries(
    [1, 2, 3, 4, 5].map((n) => [`data_batch_${n}.bin`, cifarBatch([n, 9 - n], n * 2)]),
  );
  return writeFiles(temporaryFolder(), { ...files, "test_batch.bin": cifarBatch([4, 7], 20) });
}

describe("writePacked and readPacked", () => {
  it("give the same data set back, and leave nothing else behind", () => {
    const folder = join(temporaryFolder(), "new", "folder");
    const file = join(folder, "a.reatpack");
    writePacked(file, small(), "where it came from");
    expect(readPacked(file)).toEqual(small());
    expect(readPackedHeader(file)).toMatchObject({
      source: "where it came from",
      synthetic: true,
      train: { count: 30 },
    });
    expect(readdirSync(folder)).toEqual(["a.reatpack"]);
  });

  it("keep class ids of more than one byte and an empty test split", () => {
    const classNames = Array.from({ length: 300 }, (_, i) => `class ${i}`);
    const train = {
      images: Uint8Array.from({ length: 24 }, (_, i) => i),
      labels: Uint16Array.of(299, 256),
      count: 2,
    };
    const test = { images: new Uint8Array(0), labels: new Uint16Array(0), count: 0 };
    const dataset = createDataset({
      name: "wide",
      synthetic: false,
      classNames,
      height: 2,
      width: 2,
      train,
      test,
    });
    const file = join(temporaryFolder(), "a");
    writePacked(file, dataset);
    expect(readPacked(file)).toEqual(dataset);
  });

  it("refuse a file that is cut off at any length", () => {
    const file = join(temporaryFolder(), "a.reatpack");
    writePacked(file, small());
    for (let size = readFileSync(file).length - 1; size >= 0; size -= Math.max(1, size >> 2)) {
      truncateSync(file, size);
      expect(() => readPacked(file)).toThrow(/is cut off|is not a packed data set/);
    }
  });

  it("refuse a changed byte in the header, the images and the labels", () => {
    const file = join(temporaryFolder(), "a.reatpack");
    writePacked(file, small());
    const header = readPackedHeader(file);
    const whole = readFileSync(file);
    for (const at of [40, header.train.images.offset + 5000, header.test.labels.offset + 3]) {
      const changed = Buffer.from(whole);
      changed[at]! ^= 4;
      writeFileSync(file, changed);
      expect(() => readPacked(file)).toThrow("is damaged: a checksum does not match");
    }
  });

  it("refuse foreign files and other versions", () => {
    const folder = writeFiles(temporaryFolder(), {
      foreign: "x".repeat(9000),
      other: `REATPK99${"x".repeat(9000)}`,
    });
    expect(() => readPacked(join(folder, "foreign"))).toThrow("is not a packed data set of reat");
    expect(() => readPacked(join(folder, "other"))).toThrow("is of another version (REATPK99)");
    expect(() => readPacked(join(folder, "absent"))).toThrow("cannot be opened");
  });

  it("name the place where they cannot write", () => {
    const folder = writeFiles(temporaryFolder(), { file: "in the way" });
    expect(() => writePacked(join(folder, "file", "a"), small())).toThrow("cannot be written");
  });
});

describe("prepareDataset", () => {
  it("packs once, loads the packed file afterwards, and notices a changed source", async () => {
    const cache = temporaryFolder();
    const folder = cifarFolder();
    const first = await prepareDataset(folder, { cache });
    const second = await prepareDataset(folder, { cache });
    expect([first.reused, second.reused]).toEqual([false, true]);
    expect(second.file).toBe(first.file);
    expect(second.dataset).toEqual(first.dataset);

    // Same size, same name, other contents.
    writeFileSync(join(folder, "test_batch.bin"), cifarBatch([8, 8], 30));
    utimesSync(join(folder, "test_batch.bin"), 1, 1);
    const third = await prepareDataset(folder, { cache });
    expect(third.reused).toBe(false);
    expect([...third.dataset.test.labels]).toEqual([8, 8]);
  });

  it("makes a damaged packed file anew", async () => {
    const cache = temporaryFolder();
    const folder = cifarFolder();
    const { file, dataset } = await prepareDataset(folder, { cache });
    truncateSync(file, 5000);
    const again = await prepareDataset(folder, { cache });
    expect(again.reused).toBe(false);
    expect(again.dataset).toEqual(dataset);
    expect(readPacked(file)).toEqual(dataset);
  });

  it("loads and verifies a packed file given by its path, under any name", async () => {
    const file = join(temporaryFolder(), "mine.bin");
    writePacked(file, small());
    expect(await detectSource(file)).toEqual({ form: "packed", path: file });
    expect(await loadDataset(file)).toEqual(small());
    expect((await verifySource(file)).verdict).toBe("ok");
  });

  it("reports progress with a rate", async () => {
    const reports: { done: number; rate?: number }[] = [];
    await prepareDataset(cifarFolder(), {
      cache: temporaryFolder(),
      progress: (report) => reports.push(report),
    });
    expect(reports.map((report) => report.done)).toEqual([1, 2, 3, 4, 5, 6]);
    for (const { rate } of reports) expect(rate).toBeGreaterThan(0);
  });
});

describe("loadDataset", () => {
  it("knows the synthetic set by name and seed", async () => {
    const dataset = await loadDataset("synthetic:5");
    expect(dataset.synthetic).toBe(true);
    expect(dataset.train.images.subarray(0, 3072)).toEqual(
      generateSynthetic({ seed: 5, trainPerClass: 1, testPerClass: 1 }).train.images.subarray(0, 3072),
    );
    await expect(loadDataset("synthetic:x")).rejects.toThrow('"synthetic:x" is not a data set');
  });

  it("says how to get cifar10 where it has not been downloaded", async () => {
    const cache = temporaryFolder();
    mkdirSync(join(cache, "downloads"));
    await expect(loadDataset("cifar10", { cache })).rejects.toThrow('run "reat data download cifar10"');
    expect(existsSync(join(cache, "datasets"))).toBe(false);
  });
});
