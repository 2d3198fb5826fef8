// Steps in two halves: what parts exchange before the second one makes them end where the whole batch does.
import { afterAll, expect, it } from "vitest";
import { Conv2d, ImageClassifier, Linear } from "../../src/nn/index.js";
import { Generator, liveTensors, type Tensor } from "../../src/tensor/index.js";
import { train } from "../../src/training/index.js";
import { classCounts, temporaryRuns, tinyMethod, tinyOptions, weightsOf } from "./tiny-run.js";

const runs = temporaryRuns();
afterAll(() => runs.remove());

/** Without batch normalisation the parts of a batch know nothing of each other. */
class PlainModel extends ImageClassifier {
  override readonly architecture: string = "plain";
  override readonly featureSize = 6;
  override readonly classes = classCounts.length;
  readonly conv = this.child("conv", new Conv2d(3, 6, new Generator(1)));
  readonly head = this.child("head", new Linear(6, classCounts.length, new Generator(2)));

  override features(images: Tensor): Tensor {
    return this.conv.forward(images).relu().mean([2, 3]);
  }

  override classify(features: Tensor): Tensor {
    return this.head.forward(features);
  }
}

let made = 0;
async function weightsAfter(
  shards: number,
  weightPerturbation: { gamma: number; from?: number } | undefined,
  { name = "pgd-at", tailOver = "part" }: { name?: "pgd-at" | "reat"; tailOver?: "part" | "batch" } = {},
) {
  const model = new PlainModel();
  const method = tinyMethod(name, {
    attack: { steps: 1, start: "none" },
    ...(weightPerturbation && { weightPerturbation }),
  });
  const run = await runs.create(`run-${made++}`);
  await train(
    tinyOptions(run, {
      ...{ model, method, evaluation: null },
      shards: { count: shards, reduction: "ordered", seed: 3, tailOver },
    }),
  );
  return Object.values(weightsOf(model)).flat();
}

const apart = (a: readonly number[], b: readonly number[]) =>
  Math.max(...a.map((value, at) => Math.abs(value - b[at]!)));

it("two and three parts end where the whole batch does, and elsewhere than without it", async () => {
  const whole = await weightsAfter(1, { gamma: 0.05 });
  for (const shards of [2, 3]) {
    expect(apart(await weightsAfter(shards, { gamma: 0.05 }), whole)).toBeLessThan(1e-5);
  }
  expect(apart(await weightsAfter(2, undefined), whole)).toBeGreaterThan(1e-3);
  // One epoch without, one with it.
  const late = await weightsAfter(2, { gamma: 0.05, from: 2 });
  expect(apart(late, await weightsAfter(1, { gamma: 0.05, from: 2 }))).toBeLessThan(1e-5);
  expect(apart(late, whole)).toBeGreaterThan(1e-3);
});

it("TAIL over the batch is that of the whole batch, and over parts another one", async () => {
  const whole = await weightsAfter(1, undefined, { name: "reat" });
  for (const shards of [2, 3]) {
    const over = await weightsAfter(shards, undefined, { name: "reat", tailOver: "batch" });
    expect(apart(over, whole)).toBeLessThan(1e-5);
  }
  expect(apart(await weightsAfter(2, undefined, { name: "reat" }), whole)).toBeGreaterThan(1e-4);
});

it("weights move along the whole batch's gradient with TAIL over the batch too", async () => {
  const whole = await weightsAfter(1, { gamma: 0.05 }, { name: "reat" });
  for (const shards of [2, 3]) {
    const over = await weightsAfter(shards, { gamma: 0.05 }, { name: "reat", tailOver: "batch" });
    expect(apart(over, whole)).toBeLessThan(1e-5);
  }
  const still = await weightsAfter(2, undefined, { name: "reat", tailOver: "batch" });
  expect(apart(still, whole)).toBeGreaterThan(1e-4);
});

it("leaves no tensor behind", async () => {
  const grown = [];
  for (let i = 0; i < 3; i++) {
    const before = liveTensors();
    await weightsAfter(2, { gamma: 0.05 });
    await weightsAfter(2, { gamma: 0.05 }, { name: "reat", tailOver: "batch" });
    grown.push(liveTensors() - before);
  }
  // What a run owns, its model and its images, is the same each time; a leak would grow with the steps.
  const more = liveTensors();
  await weightsAfter(2, undefined);
  await weightsAfter(2, undefined, { name: "reat" });
  expect(grown[2]).toBe(liveTensors() - more);
});
