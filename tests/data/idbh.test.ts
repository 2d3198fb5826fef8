// IDBH in batches: draws that depend on seed, epoch and batch alone, shares of what is drawn, and its place in the batches.
import { describe, expect, it } from "vitest";
import {
  applyIdbh,
  drawIdbh,
  generateSynthetic,
  idbhErasing,
  idbhNames,
  trainingBatches,
  uploadSplit,
} from "../../src/data/index.js";
import { parseConfig } from "../../src/experiments/config/index.js";
import { equal, Generator, rand, scope, tensor } from "../../src/tensor/index.js";

const size = { height: 32, width: 32 };
const images = (count: number) => rand([count, 3, 32, 32], new Generator(1)).mul(256).to("uint8");

describe.each(idbhNames)("%s", (name) => {
  const plans = drawIdbh(name, 8000, size, [1, 2, 3]);
  const share = (of: (plan: (typeof plans)[number]) => boolean) => plans.filter(of).length / plans.length;

  it("mirrors half, changes colours of three quarters and shapes of a quarter, erases as often as it says", () => {
    expect(share(({ mirrored }) => mirrored)).toBeCloseTo(0.5, 1);
    expect(share(({ colour }) => colour !== null)).toBeCloseTo(0.75, 1);
    expect(share(({ shape }) => shape !== null)).toBeCloseTo(0.25, 1);
    // One in a thousand finds no rectangle that fits.
    expect(share(({ erased }) => erased !== null)).toBeCloseTo(idbhErasing[name], 1);
  });

  it("crops up to ten pixels, and puts the window where it fits", () => {
    const crops = plans.map(({ crop }) => crop.x + crop.y);
    expect([Math.min(...crops), Math.max(...crops)]).toEqual([0, 10]);
    for (const { crop, top, to, erased } of plans) {
      for (const side of ["x", "y"] as const) {
        expect(top[side]).toBeLessThanOrEqual(crop[side]);
        expect(to[side]).toBeGreaterThanOrEqual(0);
        expect(to[side]).toBeLessThanOrEqual(crop[side]);
      }
      if (!erased) continue;
      expect(erased.top + erased.height).toBeLessThanOrEqual(32);
      expect(erased.left + erased.width).toBeLessThanOrEqual(32);
    }
  });

  it("draws the same again, and something else for another seed, epoch or batch", () => {
    const draw = (...seeds: [number, number, number]) => JSON.stringify(drawIdbh(name, 20, size, seeds));
    expect(draw(1, 2, 3)).toBe(JSON.stringify(plans.slice(0, 20)));
    for (const other of [draw(2, 2, 3), draw(1, 3, 3), draw(1, 2, 4)]) expect(other).not.toBe(draw(1, 2, 3));
  });

  it("takes the place of crop and mirror in a batch, which can be asked for by itself", () => {
    const dataset = generateSynthetic({ trainPerClass: 3, testPerClass: 1 });
    using split = uploadSplit(dataset, dataset.train);
    const plan = (padding: number) =>
      trainingBatches(split, { batchSize: 16, seed: 4, epoch: 2, strong: name, augmentation: { padding } });
    const batch = plan(4).batch(1);
    expect(equal(plan(1).batch(1).images, batch.images)).toBe(true);
    // What the second batch's seeds draw, on the images that it holds.
    const index = tensor([...batch.indices], { dtype: "int64" });
    const side = split.images.shape[2]!;
    const drawn = drawIdbh(name, batch.indices.length, { height: side, width: side }, [4, 2, 1]);
    const expected = applyIdbh(split.images.indexSelect(0, index), drawn).to("float32").div(255);
    expect(equal(batch.images, expected)).toBe(true);
  });
});

it("wants one plan for each image, and leaves what it is given as it is", () => {
  const given = images(3);
  const before = given.toArray();
  expect(() => applyIdbh(given, drawIdbh("idbh-weak", 2, size, [1, 1, 1]))).toThrow("2 plans were given");
  scope(() => applyIdbh(given, drawIdbh("idbh-strong", 3, size, [1, 1, 1])));
  expect(given.toArray()).toEqual(before);
});

it("is refused beside augment: false, which would leave nothing for it to replace", () => {
  const training = { augment: false, strongAugmentation: "idbh-weak" };
  expect(() => parseConfig({ training })).toThrow("training.augment is false");
});
