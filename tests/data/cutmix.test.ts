// CutMix: draws that depend on seed, epoch and batch alone, areas that are what labels are shared by, and balanced partners.
import { expect, it } from "vitest";
import {
  applyCutMix,
  type CutMixOptions,
  drawCutMix,
  generateSynthetic,
  trainingBatches,
  uploadSplit,
} from "../../src/data/index.js";
import { equal, ones, scope, tensor, zeros } from "../../src/tensor/index.js";

const size = { height: 16, width: 16 };
const indices = Uint32Array.from({ length: 64 }, (_, i) => i);
/** Sixty images of class 0, three of class 1, one of class 3. */
const members = [indices.slice(0, 60), indices.slice(60, 63), new Uint32Array(0), indices.slice(63)];
const draw = (options: Partial<CutMixOptions>, batch: number, seed = 1) =>
  drawCutMix({ probability: 1, second: "batch", ...options }, indices, members, size, [seed, 2, batch]);
const many = Array.from({ length: 400 }, (_, batch) => batch);

it("shares labels by the area that is left, for rectangles of every size", () => {
  const shares = many.map((batch) => {
    const plan = draw({}, batch)!;
    const mixed = scope(() =>
      applyCutMix(zeros([2, 3, 16, 16]), ones([2, 3, 16, 16]), plan)
        .mean()
        .item(),
    );
    expect(mixed).toBeCloseTo(1 - plan.share, 5);
    return plan.share;
  });
  expect(Math.min(...shares)).toBeLessThan(0.3);
  expect(Math.max(...shares)).toBeGreaterThan(0.95);
});

it("mixes as many batches as it is told, the same again, and others for another seed", () => {
  const mixed = many.filter((batch) => draw({ probability: 0.25 }, batch) !== null).length;
  expect(mixed / many.length).toBeCloseTo(0.25, 1);
  expect(draw({ probability: 0 }, 1)).toBeNull();
  expect(draw({}, 5)).toEqual(draw({}, 5));
  expect(draw({}, 5)).not.toEqual(draw({}, 6));
  expect(draw({}, 5)).not.toEqual(draw({}, 5, 9));
});

it("takes partners from the batch, each image once, or from all classes alike, empty ones left out", () => {
  expect([...draw({}, 3)!.partners].sort((a, b) => a - b)).toEqual([...indices]);
  const counts = [0, 0, 0, 0];
  for (const batch of many) {
    for (const at of draw({ second: "balanced" }, batch)!.partners) {
      counts[members.findIndex((images) => images.includes(at))]! += 1;
    }
  }
  const total = 64 * many.length;
  for (const [label, count] of counts.entries())
    expect(count / total).toBeCloseTo(label === 2 ? 0 : 1 / 3, 1);
});

it("comes after the augmentation of both images in a batch, which can be asked for by itself", () => {
  const dataset = generateSynthetic({ trainPerClass: 4, testPerClass: 1 });
  using split = uploadSplit(dataset, dataset.train);
  const batchOf = (cutMix: CutMixOptions | null, b = 1) =>
    trainingBatches(split, { batchSize: 8, seed: 4, epoch: 2, cutMix }).batch(b);
  const plain = batchOf(null);
  expect(plain.mixed).toBeUndefined();
  const never = batchOf({ probability: 0, second: "batch" });
  expect(equal(never.images, plain.images)).toBe(true);
  const mixed = batchOf({ probability: 1, second: "balanced" });
  expect(equal(mixed.images, batchOf({ probability: 1, second: "balanced" }).images)).toBe(true);
  expect(equal(mixed.labels, plain.labels)).toBe(true);
  // Where the rectangle is not, the image is the batch's own, augmented as it would be without.
  const kept = mixed.images.eq(plain.images).to("float32").mean([0, 1]);
  expect(kept.amax().item()).toBe(1);
  const share = mixed.mixed!.share.item();
  expect(kept.eq(1).to("float32").mean().item()).toBeGreaterThanOrEqual(share - 1e-6);
  expect(kept.mean().item()).toBeLessThan(1);
  expect(mixed.mixed!.labels.shape).toEqual([8]);
  expect(tensor([share]).toArray()[0]).toBeLessThan(1);
});
