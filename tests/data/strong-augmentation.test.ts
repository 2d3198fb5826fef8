// Strong augmentation: every operation against plain loops over pixels, the draws, and the batches that use them.
import { describe, expect, it } from "vitest";
import { type ImageOperation, imageOperations } from "../../src/data/augmentation/image-operations.js";
import { CounterRandom } from "../../src/data/counter-random.js";
import {
  applyOperations,
  drawOperations,
  generateSynthetic,
  randAugment,
  type StrongAugmentation,
  strongAugmentations,
  trainingBatches,
  uploadSplit,
} from "../../src/data/index.js";
import { equal, liveTensors, scope, type Tensor, tensor } from "../../src/tensor/index.js";

const [side, size] = [12, { height: 12, width: 12 }];
const random = new CounterRandom(5);
/** One image that uses a part of the levels, as a list [channel][row][column]. */
const bytes = Uint8Array.from({ length: 3 * side * side }, (_, i) => 30 + random.below(90) + (i % 3));
const image = tensor(bytes, { shape: [1, 3, side, side] });
const pixel = (c: number, y: number, x: number) =>
  y < 0 || x < 0 || y >= side || x >= side ? 0 : bytes[(c * side + y) * side + x]!;
const all = <T>(f: (c: number, y: number, x: number) => T) =>
  Array.from(bytes, (_, i) => f(Math.floor(i / side ** 2), Math.floor(i / side) % side, i % side));
const apply = (operation: ImageOperation, magnitude = 0): number[] =>
  scope(() => applyOperations(image, [[{ operation, magnitude }]]).toArray());

const grey = (y: number, x: number) =>
  Math.floor(Math.fround(0.2989 * pixel(0, y, x) + 0.587 * pixel(1, y, x) + 0.114 * pixel(2, y, x)));
const channel = (c: number) => Array.from(bytes.subarray(c * side ** 2, (c + 1) * side ** 2));
const cut = (value: number) => Math.floor(Math.min(Math.max(value, 0), 255) + 1e-9);

describe("operations", () => {
  it("translate by whole pixels and leave black behind", () => {
    expect(apply("translateX", 3)).toEqual(all((c, y, x) => pixel(c, y, x - 3)));
    expect(apply("translateY", -2)).toEqual(all((c, y, x) => pixel(c, y + 2, x)));
  });

  it("shear from the upper left corner, to the nearest pixel", () => {
    const m = 0.3;
    const source = (along: number, across: number) => Math.floor(along + 0.5 + m * (across + 0.5));
    expect(apply("shearX", m)).toEqual(all((c, y, x) => pixel(c, y, source(x, y))));
    expect(apply("shearY", m)).toEqual(all((c, y, x) => pixel(c, source(y, x), x)));
  });

  it("rotate around the centre, positive angles anticlockwise", () => {
    expect(apply("rotate", 90)).toEqual(all((c, y, x) => pixel(c, x, side - 1 - y)));
    expect(apply("rotate", 180)).toEqual(all((c, y, x) => pixel(c, side - 1 - y, side - 1 - x)));
  });

  it("blend with black, grey and the mean of grey", () => {
    const off = (actual: number[], expected: number[]) =>
      Math.max(...actual.map((value, i) => Math.abs(value - expected[i]!)));
    const mean = Array.from({ length: side ** 2 }, (_, i) => grey(Math.floor(i / side), i % side)).reduce(
      (sum, value) => sum + value / side ** 2,
      0,
    );
    for (const m of [-0.5, 0.6]) {
      const blended = (other: (y: number, x: number) => number) =>
        all((c, y, x) => cut((1 + m) * pixel(c, y, x) - m * other(y, x)));
      // A product that is whole in exact arithmetic may fall to either side of it in float32.
      expect(
        off(
          apply("brightness", m),
          blended(() => 0),
        ),
      ).toBeLessThanOrEqual(1);
      expect(off(apply("color", m), blended(grey))).toBeLessThanOrEqual(1);
      expect(
        off(
          apply("contrast", m),
          blended(() => mean),
        ),
      ).toBeLessThanOrEqual(1);
    }
    expect(apply("brightness", -1)).toEqual(all(() => 0));
    for (const operation of ["brightness", "color", "contrast", "sharpness"] as const) {
      expect(apply(operation, 0)).toEqual(Array.from(bytes));
    }
  });

  it("sharpen and blur inside the border", () => {
    const smooth = (c: number, y: number, x: number) => {
      const around = [-1, 0, 1].flatMap((dy) => [-1, 0, 1].map((dx) => pixel(c, y + dy, x + dx)));
      return Math.round((around.reduce((sum, value) => sum + value, 0) + 4 * pixel(c, y, x)) / 13);
    };
    const isBorder = (y: number, x: number) => [y, x].some((at) => at === 0 || at === side - 1);
    const expected = all((c, y, x) => (isBorder(y, x) ? pixel(c, y, x) : smooth(c, y, x)));
    expect(apply("sharpness", -1)).toEqual(expected);
  });

  it("posterize, solarize and invert", () => {
    expect(apply("posterize", 4)).toEqual(Array.from(bytes, (value) => value & 0xf0));
    expect(apply("posterize", 8)).toEqual(Array.from(bytes));
    expect(apply("solarize", 77)).toEqual(Array.from(bytes, (value) => (value >= 77 ? 255 - value : value)));
    expect(apply("invert")).toEqual(Array.from(bytes, (value) => 255 - value));
  });

  it("stretch each channel over all levels", () => {
    const stretched = apply("autoContrast");
    for (const c of [0, 1, 2]) {
      const [low, high] = [Math.min(...channel(c)), Math.max(...channel(c))];
      for (const [i, value] of channel(c).entries()) {
        const exact = ((value - low) * 255) / (high - low);
        expect(Math.abs(stretched[c * side ** 2 + i]! - exact)).toBeLessThanOrEqual(1);
      }
    }
  });

  it("equalise each channel's histogram", () => {
    // Enough pixels for a step above 0: an image of 24 × 24.
    const large = Uint8Array.from({ length: 3 * 576 }, () => 100 + random.below(8));
    const given = tensor(large, { shape: [1, 3, 24, 24] });
    const equalised = scope(() =>
      applyOperations(given, [[{ operation: "equalize", magnitude: 0 }]]).toArray(),
    );
    for (const c of [0, 1, 2]) {
      const values = Array.from(large.subarray(c * 576, (c + 1) * 576));
      const count = (level: number) => values.filter((value) => value === level).length;
      const step = Math.floor((576 - count(Math.max(...values))) / 255);
      expect(step).toBeGreaterThan(0);
      for (const [i, value] of values.entries()) {
        const before = values.filter((other) => other < value).length;
        const level = Math.min(Math.floor((before + Math.floor(step / 2)) / step), 255);
        expect(equalised[c * 576 + i]).toBe(level);
      }
    }
  });

  it("leave images of one colour as they are, where there is nothing to stretch", () => {
    const flat = tensor(new Uint8Array(3 * 16).fill(90), { shape: [1, 3, 4, 4] });
    for (const operation of ["autoContrast", "equalize"] as const) {
      expect(equal(applyOperations(flat, [[{ operation, magnitude: 0 }]]), flat)).toBe(true);
    }
  });
});

describe("a batch", () => {
  const names = Object.keys(imageOperations) as ImageOperation[];
  const count = names.length;
  const values = Uint8Array.from({ length: count * 3 * side * side }, () => random.below(256));
  const batch = tensor(values, { shape: [count, 3, side, side] });

  it("gives each image what it gets alone, in the planned order", () => {
    const plans = names.map((operation, i) => [
      { operation, magnitude: operation === "posterize" ? 5 : 0.5 },
      { operation: names[(i * 4 + 1) % count]!, magnitude: 3 },
    ]);
    const before = batch.clone();
    const together = applyOperations(batch, plans);
    expect([together.dtype, together.shape]).toEqual(["uint8", batch.shape]);
    for (const [i, plan] of plans.entries()) {
      const alone = applyOperations(batch.slice(0, i, i + 1), [plan]);
      expect(equal(together.slice(0, i, i + 1), alone), names[i]).toBe(true);
    }
    expect(equal(batch, before)).toBe(true);
  });

  it("needs a plan for each image, and leaves no tensors behind", () => {
    expect(() => applyOperations(batch, [[]])).toThrow(`1 plans were given for a batch of ${count} images.`);
    const run = () =>
      scope(
        () =>
          void applyOperations(
            batch,
            drawOperations(strongAugmentations.autoaugment, count, size, [1, 2, 3]),
          ),
      );
    run();
    const live = liveTensors();
    run();
    expect(liveTensors()).toBe(live);
  });
});

describe("draws", () => {
  it.each(["randaugment", "autoaugment"] as StrongAugmentation[])(
    "%s depend on seed, epoch and batch alone",
    (name) => {
      const draw = (...seeds: [number, number, number]) =>
        drawOperations(strongAugmentations[name], 50, size, seeds);
      expect(draw(1, 2, 3)).toEqual(draw(1, 2, 3));
      for (const other of [
        [2, 2, 3],
        [1, 3, 3],
        [1, 2, 4],
      ] as [number, number, number][]) {
        expect(draw(...other)).not.toEqual(draw(1, 2, 3));
      }
      expect(Math.max(...draw(1, 2, 3).map((plan) => plan.length))).toBe(2);
    },
  );

  it("RandAugment draws its fourteen operations alike, all at the given strength and in both directions", () => {
    const plans = drawOperations(
      randAugment({ operations: 2, magnitude: 30 }),
      2800,
      { height: 32, width: 32 },
      [1, 0, 0],
    );
    const drawn = plans.flat();
    const counts = new Map<string, number>();
    for (const { operation } of drawn) counts.set(operation, (counts.get(operation) ?? 0) + 1);
    expect(counts.size).toBe(14);
    for (const n of counts.values()) expect(Math.abs(n - 400)).toBeLessThan(100);
    const strengths = (name: string) => [
      ...new Set(drawn.filter(({ operation }) => operation === name).map(({ magnitude }) => magnitude)),
    ];
    expect(strengths("translateX").sort()).toEqual([-14, 14]);
    expect(strengths("rotate").sort()).toEqual([-30, 30]);
    expect(strengths("posterize")).toEqual([4]);
    expect(strengths("solarize")).toEqual([0]);
  });

  it("AutoAugment never inverts in its pair with probability 0, and does 0.9 of equalisations after 0.5 stretches", () => {
    const plans = drawOperations(strongAugmentations.autoaugment, 25_000, size, [1, 0, 0]);
    const has = (plan: (typeof plans)[number], names: string) =>
      plan.map(({ operation }) => operation).join(" ") === names;
    const both = plans.filter((plan) => has(plan, "solarize invert")).length;
    expect(both).toBe(0);
    // One pair in 25: 1000 images, of which 0.5 · 0.9 get both.
    const stretched = plans.filter((plan) => has(plan, "autoContrast equalize")).length;
    expect(Math.abs(stretched - 450)).toBeLessThan(75);
  });

  it("refuse an impossible strength", () => {
    expect(() => randAugment({ operations: 2, magnitude: 31 })).toThrow("magnitude is 31");
    expect(() => randAugment({ operations: 1.5, magnitude: 3 })).toThrow("number of operations is 1.5");
  });
});

it("training batches use it before crop and mirror, the same at each reading", () => {
  const dataset = generateSynthetic({ trainPerClass: 3, testPerClass: 1 });
  using split = uploadSplit(dataset, dataset.train);
  const images = (
    strong: StrongAugmentation | null,
    augmentation: false | { padding: number } = false,
  ): Tensor =>
    trainingBatches(split, { batchSize: 30, seed: 1, epoch: 0, augmentation, strong }).batch(0).images;
  const plain = images(null);
  expect(equal(images("randaugment"), images("randaugment"))).toBe(true);
  expect(equal(images("randaugment"), plain)).toBe(false);
  expect(equal(images("autoaugment"), images("randaugment"))).toBe(false);
  expect(equal(images("randaugment", { padding: 2 }), images("randaugment"))).toBe(false);
  expect(images("autoaugment").amax().item()).toBeLessThanOrEqual(1);
});
