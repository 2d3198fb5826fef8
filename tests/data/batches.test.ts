// Batches and augmentation: values, determinism, resumption, no leak.
import { describe, expect, it } from "vitest";
import {
  createDataset,
  cropFlip,
  drawCropFlip,
  epochOrder,
  evaluationBatches,
  type ImageDataset,
  trainingBatches,
  uploadSplit,
} from "../../src/data/index.js";
import { liveTensors, scope, tensor } from "../../src/tensor/index.js";

const side = 6;
const bytes = 3 * side * side;

function small(count: number): ImageDataset {
  const split = {
    images: Uint8Array.from({ length: count * bytes }, (_, i) => (i * 31 + (i >> 5)) & 255),
    labels: Uint8Array.from({ length: count }, (_, i) => i % 3),
    count,
  };
  return createDataset({
    name: "small",
    synthetic: true,
    classNames: ["a", "b", "c"],
    height: side,
    width: side,
    train: split,
    test: split,
  });
}

describe("trainingBatches", () => {
  it("visits every image once, keeps the last partial batch, and gives bytes divided by 255", () => {
    const dataset = small(11);
    using split = uploadSplit(dataset, dataset.train);
    const plan = trainingBatches(split, { batchSize: 4, seed: 3, epoch: 0, augmentation: false });
    expect(plan.count).toBe(3);
    const seen: number[] = [];
    for (let b = 0; b < plan.count; b++) {
      scope(() => {
        const batch = plan.batch(b);
        expect(batch.images.shape).toEqual([b < 2 ? 4 : 3, 3, side, side]);
        expect(batch.images.dtype).toBe("float32");
        expect(batch.labels.dtype).toBe("int64");
        const values = batch.images.toArray();
        batch.indices.forEach((image, i) => {
          const expected = Array.from(
            dataset.train.images.subarray(image * bytes, (image + 1) * bytes),
            (v) => Math.fround(v / 255),
          );
          expect(values.slice(i * bytes, (i + 1) * bytes)).toEqual(expected);
        });
        expect(Array.from(batch.labels.toArray(), Number)).toEqual(Array.from(batch.indices, (i) => i % 3));
        seen.push(...batch.indices);
      });
    }
    expect(seen.sort((a, b) => a - b)).toEqual([...Array(11).keys()]);
  });

  it("gives the same batch whether or not earlier ones were drawn, and another in another epoch", () => {
    const dataset = small(40);
    using split = uploadSplit(dataset, dataset.train);
    const values = (epoch: number, upTo: number[]) =>
      scope(() => {
        const plan = trainingBatches(split, { batchSize: 8, seed: 7, epoch });
        const drawn = upTo.map((b) => plan.batch(b));
        return Array.from(drawn.at(-1)!.images.toArray());
      });
    expect(values(2, [3])).toEqual(values(2, [0, 1, 2, 3]));
    expect(values(3, [3])).not.toEqual(values(2, [3]));
  });

  it("augments strongly what lies on the CPU, and otherwise what lies on the device", () => {
    const dataset = small(12);
    using split = uploadSplit(dataset, dataset.train);
    using black = uploadSplit(dataset, { ...dataset.train, images: new Uint8Array(12 * bytes) });
    const elsewhere = { ...split, imagesOnCpu: black.images };
    const sumOf = (strong: "idbh-weak" | null, cutMix: { second: "balanced" } | null) =>
      scope(() => {
        const options = { batchSize: 12, seed: 1, epoch: 0, strong };
        const mixing = cutMix && { probability: 1, ...cutMix };
        return trainingBatches(elsewhere, { ...options, cutMix: mixing })
          .batch(0)
          .images.sum()
          .item();
      });
    expect(sumOf("idbh-weak", null)).toBe(0);
    expect(sumOf("idbh-weak", { second: "balanced" })).toBe(0);
    expect(sumOf(null, null)).toBeGreaterThan(0);
  });

  it("leaves no tensor behind but the split's two", () => {
    const dataset = small(20);
    const before = liveTensors();
    using split = uploadSplit(dataset, dataset.train);
    expect(liveTensors()).toBe(before + 2);
    const plan = trainingBatches(split, { batchSize: 8, seed: 1, epoch: 0 });
    for (let b = 0; b < plan.count; b++) scope(() => void plan.batch(b));
    expect(liveTensors()).toBe(before + 2);
  });

  it("refuses an impossible batch size and a batch that is not there", () => {
    const dataset = small(5);
    using split = uploadSplit(dataset, dataset.train);
    expect(() => trainingBatches(split, { batchSize: 0, seed: 0, epoch: 0 })).toThrow("The batch size is 0");
    expect(() => evaluationBatches(split, 2).batch(3)).toThrow("there are batches 0 to 2");
  });
});

it("epochOrder is a permutation that changes with seed and with epoch", () => {
  const order = epochOrder(500, 1, 0);
  expect([...order].sort((a, b) => a - b)).toEqual([...Array(500).keys()]);
  expect(epochOrder(500, 1, 0)).toEqual(order);
  expect(epochOrder(500, 1, 1)).not.toEqual(order);
  expect(epochOrder(500, 2, 0)).not.toEqual(order);
});

describe("cropFlip", () => {
  it("equals cutting a window out of the zero-padded image and mirroring it, pixel by pixel", () => {
    const dataset = small(30);
    const draws = drawCropFlip(30, 5, 1, 2, { padding: 2 });
    expect(new Set(draws.top)).toEqual(new Set([0, 1, 2, 3, 4]));
    expect(new Set(draws.left)).toEqual(new Set([0, 1, 2, 3, 4]));
    expect(new Set(draws.mirrored)).toEqual(new Set([0, 1]));
    const result = scope(() => {
      const images = tensor(dataset.train.images, { shape: [30, 3, side, side], dtype: "uint8" });
      return cropFlip(images, draws).toArray();
    });
    const expected = new Uint8Array(result.length);
    for (let i = 0; i < 30; i++) {
      for (let c = 0; c < 3; c++) {
        for (let y = 0; y < side; y++) {
          for (let x = 0; x < side; x++) {
            const fromY = y + draws.top[i]! - 2;
            const fromX = (draws.mirrored[i] ? side - 1 - x : x) + draws.left[i]! - 2;
            const inside = fromY >= 0 && fromY < side && fromX >= 0 && fromX < side;
            const plane = (i * 3 + c) * side * side;
            expected[plane + y * side + x] = inside ? dataset.train.images[plane + fromY * side + fromX]! : 0;
          }
        }
      }
    }
    expect(result).toEqual([...expected]);
  });

  it("draws from seed, epoch and batch alone; offsets are uniform and half are mirrored", () => {
    const draws = drawCropFlip(9000, 1, 2, 3);
    expect(drawCropFlip(9000, 1, 2, 3)).toEqual(draws);
    expect(drawCropFlip(9000, 1, 2, 4)).not.toEqual(draws);
    const counts = Array<number>(9).fill(0);
    for (const offset of draws.top) counts[offset]!++;
    // Five standard deviations of a binomial with n = 9000 and p = 1/9.
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
    expect(Math.abs(draws.mirrored.reduce((a, b) => a + b, 0) - 4500)).toBeLessThan(240);
    expect(drawCropFlip(50, 1, 2, 3, { flip: false }).mirrored.every((m) => m === 0)).toBe(true);
    expect(() => drawCropFlip(1, 1, 1, 1, { padding: -1 })).toThrow("padding is -1");
  });
});
