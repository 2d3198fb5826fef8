// The step schedule: where it steps, that it depends on the epoch alone, what it refuses.
import { expect, it } from "vitest";
import { stepSchedule } from "../../src/optim/index.js";

it("multiplies the rate after each milestone, epochs counted from 1", () => {
  const schedule = stepSchedule({ base: 0.1, milestones: [60, 75], factor: 0.1 });
  expect([1, 60, 61, 75, 76, 80].map(schedule)).toEqual([
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
