// Exact probabilities of McNemar's test, worked out by hand.
import { expect, it } from "vitest";
import { mcNemar } from "../../src/report/reading/index.js";

it("is the two-sided binomial probability of the discordant pairs", () => {
  expect(mcNemar(0, 0)).toBe(1);
  // 2 · (1 + 5) / 2⁵
  expect(mcNemar(1, 4)).toBeCloseTo(0.375, 12);
  expect(mcNemar(4, 1)).toBeCloseTo(0.375, 12);
  // 2 / 2¹⁰
  expect(mcNemar(0, 10)).toBeCloseTo(2 / 1024, 12);
  expect(mcNemar(5, 5)).toBe(1);
  expect(mcNemar(4000, 5000)).toBeLessThan(1e-20);
});
