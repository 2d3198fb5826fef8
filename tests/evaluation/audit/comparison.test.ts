// Two attacks on the same images: gain, its standard error, and what counts as noise.
import { describe, expect, it } from "vitest";
import { compare, leastDifference, noiseOf } from "../../../src/evaluation/audit/comparison.js";

/** `both` stand under both attacks, `first` under the first alone, `second` under the second alone, of 100. */
function flags(both: number, first: number, second: number) {
  const image = Array.from({ length: 100 }, (_, i) => i);
  return [
    image.map((i) => i < both + first),
    image.map((i) => i < both || (i >= both + first && i < both + first + second)),
  ] as const;
}

describe("compare", () => {
  it("takes the error from the images on which the attacks disagree", () => {
    const compared = compare(...flags(40, 12, 4));
    expect(compared.first).toBeCloseTo(0.52);
    expect(compared.second).toBeCloseTo(0.44);
    expect(compared.gain).toBeCloseTo(0.08);
    expect(compared.standardError).toBeCloseTo(Math.sqrt(16) / 100);
    expect(noiseOf(compared)).toBeCloseTo(0.08);
  });

  it("that error is the spread of the gain when either side is equally likely", () => {
    // All 2⁴ ways in which 4 disagreements can fall: the variance of (first − second) is 4.
    let squares = 0;
    for (let ways = 0; ways < 16; ways++) {
      const first = [0, 1, 2, 3].filter((bit) => (ways >> bit) & 1).length;
      squares += compare(...flags(30, first, 4 - first)).gain ** 2;
    }
    expect(Math.sqrt(squares / 16)).toBeCloseTo(compare(...flags(30, 2, 2)).standardError, 10);
  });

  it("never calls less than two points a difference", () => {
    expect(noiseOf(compare(...flags(50, 0, 0)))).toBe(leastDifference);
  });
});
