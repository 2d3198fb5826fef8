// The tile algorithms over exact fractions: they are convolutions whatever their points, and round no more than their source says.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../../scripts/places.mjs";
import {
  boundTable,
  errorBound,
  fraction,
  measuredRounding,
  pointsInSource,
  pointsOf,
  type TileAlgorithm,
  wrongFactors,
} from "../../scripts/tile-points.mjs";

const source = readFileSync(join(packageRoot, "native", "tile_algorithms.h"), "utf8");

describe.each(Object.entries(pointsInSource()))("%s", (key, at) => {
  const name = key as TileAlgorithm;

  it("is exactly a convolution, at its own points and at others", () => {
    expect(wrongFactors(name, at)).toEqual([]);
    expect(wrongFactors(name, pointsOf(fraction(1, 3), fraction(5, 7)))).toEqual([]);
    expect(wrongFactors(name, { ...at, atA: at.atB })).not.toEqual([]);
  });

  it("rounds random maps as little as its source says, and within the bound", () => {
    const measured = measuredRounding(name, at, 16, 4);
    expect(measured).toBeGreaterThan(0);
    expect(measured).toBeLessThan(1e-6);
    // Maps and weights are at most 1/2; 144 products of standard deviation 1/12 make results of standard deviation 1.
    expect(measured).toBeLessThan((errorBound(name, at, 16).tiles / 4) * 2 ** -24);
  });
});

it("the source gives the bounds that are computed", () => {
  for (const row of boundTable()) expect(source).toContain(`//   ${row}\n`);
});
