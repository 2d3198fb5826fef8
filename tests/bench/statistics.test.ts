// Medians, quartiles and ratios of pairs.
import { describe, expect, it } from "vitest";
import { median, pairedRatio, quantile, secondsOf, spread } from "../../bench/statistics.js";

describe("quantiles", () => {
  it("interpolate between neighbours, whatever the order", () => {
    expect(quantile([4, 1, 3, 2], 0.25)).toBe(1.75);
    expect(median([5, 1, 3])).toBe(3);
    expect(quantile([7], 0.9)).toBe(7);
    expect(() => quantile([], 0.5)).toThrow(RangeError);
  });

  it("spread says median, quartiles and extremes", () => {
    expect(spread([1, 2, 3, 4, 100])).toEqual({
      median: 3,
      lowerQuartile: 2,
      upperQuartile: 4,
      least: 1,
      most: 100,
    });
  });
});

describe("pairedRatio", () => {
  it("takes pairs: a machine that slows down for a while does not change it", () => {
    const ours = [1, 1, 5, 1, 1];
    const baseline = [2, 2, 10, 2, 2];
    expect(pairedRatio(baseline, ours)).toEqual(spread([2, 2, 2, 2, 2]));
  });

  it("refuses lists that are no pairs", () => {
    expect(() => pairedRatio([1, 2], [1])).toThrow("2 measurements cannot be paired with 1");
  });

  it("works on repetitions' durations", () => {
    expect(secondsOf([{ seconds: 2 }, { seconds: 3 }])).toEqual([2, 3]);
  });
});
