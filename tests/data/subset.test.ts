// Profiles, groups and subsets beyond what the reference numbers cover.
import { describe, expect, it } from "vitest";
import {
  classCounts,
  classGroups,
  countClasses,
  createDataset,
  drawSubset,
  groupBounds,
  MersenneTwister,
  selectImages,
  summarizeDataset,
} from "../../src/data/index.js";

const names = ["a", "b", "c", "d"];
const interleaved = Uint8Array.from({ length: 200 }, (_, i) => i % 4);
const sorted = Uint8Array.from({ length: 200 }, (_, i) => Math.floor(i / 50));
const positions = (indices: Uint32Array, labels: Uint8Array) =>
  Array.from(indices, (i) => [
    labels[i],
    labels.subarray(0, i).filter((label) => label === labels[i]).length,
  ]);

describe("classCounts", () => {
  const options = { classes: 5, maxPerClass: 100, unbalancedRatio: 10 };

  it("step, linear and balanced-small", () => {
    expect(classCounts({ ...options, profile: "step" })).toEqual([100, 100, 10, 10, 10]);
    expect(classCounts({ ...options, profile: "linear" })).toEqual([100, 78, 55, 33, 10]);
    // Exponential: 100, 56, 31, 17, 10.
    expect(classCounts({ ...options, profile: "balanced-small" })).toEqual([43, 43, 43, 43, 42]);
  });

  it("refuses what cannot be", () => {
    expect(() => classCounts({ ...options, profile: "exponential", unbalancedRatio: 0.5 })).toThrow(
      "ratio is 0.5",
    );
    expect(() => classCounts({ ...options, profile: "exponential", unbalancedRatio: 101 })).toThrow(
      "class 4 would keep none; the ratio can be at most 100",
    );
    expect(() => classCounts({ ...options, profile: "step", maxPerClass: 1.5 })).toThrow(
      "is given 1.5 images",
    );
  });
});

describe("classGroups", () => {
  it.each([
    [10, 3, 7, 7],
    [100, 33, 67, 67],
    [200, 66, 134, 133],
  ])("%i classes", (classes, body, paper, reference) => {
    expect(groupBounds(classes)).toEqual({ body, tail: paper });
    expect(groupBounds(classes, "reference")).toEqual({ body, tail: reference });
  });

  it("ranks by size, equal sizes by class id", () => {
    expect(classGroups([5, 90, 5, 40, 40, 90])).toEqual(["tail", "head", "tail", "body", "body", "head"]);
  });
});

describe("drawSubset", () => {
  it("gives the same positions and hash however the classes are ordered in the data", () => {
    const options = { profile: "exponential", unbalancedRatio: 10, validationPerClass: 5 } as const;
    const [a, b] = [drawSubset(interleaved, names, options), drawSubset(sorted, names, options)];
    expect(positions(a.train, interleaved)).toEqual(positions(b.train, sorted));
    expect(positions(a.validation, interleaved)).toEqual(positions(b.validation, sorted));
    expect(a.hash).toBe(b.hash);
    expect(drawSubset(sorted, names, { ...options, seed: 1 }).hash).not.toBe(a.hash);
    expect(drawSubset(sorted, names, { ...options, validationSeed: 1 }).hash).not.toBe(a.hash);
  });

  it("sets the same number of each class aside before, and never trains on it", () => {
    const { train, validation, counts } = drawSubset(interleaved, names, {
      profile: "exponential",
      unbalancedRatio: 10,
      validationPerClass: 8,
    });
    expect(
      countClasses(
        Array.from(validation, (i) => interleaved[i]!),
        4,
      ),
    ).toEqual([8, 8, 8, 8]);
    expect(counts).toEqual([42, 19, 9, 4]);
    expect(
      countClasses(
        Array.from(train, (i) => interleaved[i]!),
        4,
      ),
    ).toEqual(counts);
    expect(new Set([...train, ...validation]).size).toBe(train.length + validation.length);
  });

  it("draws smaller ratios from data that was cut at a larger one as prefixes of its classes", () => {
    const counts = (ratio: number) =>
      Array.from({ length: 100 }, (_, k) => Math.floor(500 * ratio ** (-k / 99)));
    const cut = Uint8Array.from(counts(10).flatMap((n, k) => new Array<number>(n).fill(k)));
    const starts = counts(10).map((_, k) => cut.indexOf(k));
    const classNames = Array.from({ length: 100 }, (_, k) => `class ${k}`);
    for (const unbalancedRatio of [10, 20, 50]) {
      const drawn = drawSubset(cut, classNames, {
        profile: "exponential",
        unbalancedRatio,
        selection: "first",
      });
      expect(drawn.counts).toEqual(counts(unbalancedRatio));
      const prefixes = drawn.counts.flatMap((n, k) => Array.from({ length: n }, (_, i) => starts[k]! + i));
      expect([...drawn.train]).toEqual(prefixes);
    }
  });

  it("takes the first images in data order where asked to, and everything with the natural profile", () => {
    const first = drawSubset(sorted, names, {
      profile: "exponential",
      unbalancedRatio: 10,
      selection: "first",
    });
    expect([...first.train]).toEqual(
      first.counts.flatMap((n, k) => Array.from({ length: n }, (_, i) => 50 * k + i)),
    );
    const all = drawSubset(sorted, names, { profile: "natural" });
    expect([...all.train].sort((a, b) => a - b)).toEqual([...sorted.keys()]);
  });

  it("names the class that has too few images", () => {
    const few = Uint8Array.from([...sorted, ...Array<number>(50).fill(0)]).filter((_, i) => i < 60 || i > 95);
    expect(() => drawSubset(few, names, { profile: "exponential", unbalancedRatio: 2 })).toThrow(
      'Class "b" has 14 images, but the exponential profile takes 79',
    );
    expect(() => drawSubset(few, names, { profile: "natural", validationPerClass: 14 })).toThrow(
      'Class "b" has 14 images, so 14 cannot be set aside',
    );
  });
});

it("MersenneTwister refuses seeds that NumPy refuses", () => {
  for (const seed of [-1, 2 ** 32, 0.5])
    expect(() => new MersenneTwister(seed)).toThrow(`The seed ${seed} is not usable`);
});

describe("summarizeDataset", () => {
  const images = Uint8Array.from(
    { length: 200 * 12 },
    (_, i) =>
      [0, 51, 255][Math.floor(i / 4) % 3]! + ((i & 1) === 0 ? 0 : [102, 0, 0][Math.floor(i / 4) % 3]!),
  );
  const split = { images, labels: interleaved, count: 200 };
  const dataset = createDataset({
    name: "n",
    synthetic: false,
    classNames: names,
    height: 2,
    width: 2,
    train: split,
    test: selectImages(split, [0, 1, 5]),
  });

  it("counts, groups and averages", () => {
    const subset = drawSubset(interleaved, names, {
      profile: "exponential",
      unbalancedRatio: 10,
      validationPerClass: 10,
    });
    const summary = summarizeDataset(dataset, subset);
    expect(summary).toMatchObject({
      trainImages: 200,
      testImages: 3,
      subsetImages: subset.train.length,
      validationImages: 40,
      unbalancedRatio: 10,
    });
    expect(summary.classes[1]).toEqual({
      id: 1,
      name: "b",
      train: 50,
      test: 2,
      subset: 18,
      validation: 10,
      group: "body",
    });
    expect(summary.classes.map((row) => row.group)).toEqual(["head", "body", "body", "tail"]);
    // Red alternates between 0 and 102 of 255, green is 51, blue 255.
    for (const [i, value] of [0.2, 0.2, 1].entries()) expect(summary.mean[i]).toBeCloseTo(value, 12);
    for (const [i, value] of [0.2, 0, 0].entries()) expect(summary.std[i]).toBeCloseTo(value, 12);
  });

  it("refuses labels without a class and lists of images that are not there", () => {
    expect(() => createDataset({ ...dataset, classNames: ["a", "b"] })).toThrow(
      "has class id 2; with 2 classes it must be 0 to 1",
    );
    expect(() => selectImages(split, [200])).toThrow(
      "Image 200 was asked for; this split holds images 0 to 199",
    );
  });
});
