// Schedules of the learning rate: where they go, that they depend on epoch and batch alone, what they refuse.
import { expect, it } from "vitest";
import { cosineSchedule, oneCycleMomentum, oneCycleSchedule, stepSchedule } from "../../src/optim/index.js";

it("multiplies the rate after each milestone, epochs counted from 1", () => {
  const schedule = stepSchedule({ base: 0.1, milestones: [60, 75], factor: 0.1 });
  expect([1, 60, 61, 75, 76, 80].map((epoch) => schedule(epoch))).toEqual([
    0.1,
    0.1,
    0.1 * 0.1,
    0.1 * 0.1,
    0.1 * 0.1 ** 2,
    0.1 * 0.1 ** 2,
  ]);
  expect(schedule(1)).toBe(0.1);
});

it("does not need sorted milestones, or any", () => {
  expect(stepSchedule({ base: 1, milestones: [5, 2], factor: 0.5 })(3)).toBe(0.5);
  expect(stepSchedule({ base: 1, milestones: [], factor: 0.5 })(1000)).toBe(1);
});

it("refuses impossible options in one sentence", () => {
  expect(() => stepSchedule({ base: -1, milestones: [], factor: 0.1 })).toThrow("at least 0, got -1");
  expect(() => stepSchedule({ base: 1, milestones: [], factor: 0 })).toThrow("above 0, got 0");
  expect(() => stepSchedule({ base: 1, milestones: [0], factor: 0.1 })).toThrow("at least 1, got 0");
});

it("one cycle rises to its peak and falls to its end, step by step, and stays there", () => {
  const length = { epochs: 4, stepsPerEpoch: 5 };
  const rate = oneCycleSchedule({ ...length, peakRate: 0.2, peakAt: 0.25, start: 0.1, end: 0.01 });
  const momentum = oneCycleMomentum({ ...length, peakRate: 0.2, peakAt: 0.25 }, [0.85, 0.95]);
  const steps = Array.from({ length: 20 }, (_, t) => [1 + Math.floor(t / 5), t % 5] as const);
  const rates = steps.map((at) => rate(...at));
  expect([rates[0], rates[4], rates[19]]).toEqual([expect.closeTo(0.02, 12), 0.2, 0.01 * 0.2]);
  expect(rates.indexOf(Math.max(...rates))).toBe(4);
  for (let t = 1; t < 20; t++) expect(Math.sign(rates[t]! - rates[t - 1]!)).toBe(t <= 4 ? 1 : -1);
  expect(steps.map((at) => momentum(...at))[4]).toBe(0.85);
  expect([momentum(1, 0), momentum(4, 4)]).toEqual([0.95, 0.95]);
  expect(rate(9, 3)).toBe(0.01 * 0.2);
});

it("one cycle of a single step is its peak", () => {
  expect(oneCycleSchedule({ epochs: 1, stepsPerEpoch: 1, peakRate: 0.2 })(1, 0)).toBe(0.2);
});

it("a cosine by epochs is the same for all batches of an epoch", () => {
  const schedule = cosineSchedule({ base: 0.2, epochs: 10, stepsPerEpoch: 7, by: "epoch" });
  expect(schedule(3, 6)).toBe(schedule(3, 0));
  expect(schedule(4, 0)).toBeLessThan(schedule(3, 6));
  expect([schedule(1), schedule(6), schedule(11), schedule(50)]).toEqual([0.2, expect.closeTo(0.1), 0, 0]);
});

it.each([
  [() => oneCycleSchedule({ epochs: 0, stepsPerEpoch: 5, peakRate: 1 }), "epochs must be a whole number"],
  [() => oneCycleSchedule({ epochs: 3, stepsPerEpoch: 5, peakRate: 0 }), "peakRate must be above 0, got 0"],
  [() => oneCycleSchedule({ epochs: 3, stepsPerEpoch: 5, peakRate: 1, peakAt: 1 }), "peakAt must be above 0"],
  [() => oneCycleSchedule({ epochs: 3, stepsPerEpoch: 5, peakRate: 1, end: 2 }), "end must be a share"],
  [() => oneCycleMomentum({ epochs: 3, stepsPerEpoch: 5, peakRate: 1 }, [0.9, 0.8]), "ascending numbers"],
  [
    () => cosineSchedule({ base: 0.1, epochs: 3, stepsPerEpoch: 5, warmUp: 3 }),
    "below the training's 3, got 3",
  ],
  [() => cosineSchedule({ base: 0.1, epochs: 3, stepsPerEpoch: 5, floor: 0.2 }), "from 0 to the base, 0.1"],
  [() => cosineSchedule({ base: NaN, epochs: 3, stepsPerEpoch: 5 }), "base must be above 0, got NaN"],
])("refuses what no schedule is, in one sentence", (make, message) => {
  expect(make).toThrow(message);
});
