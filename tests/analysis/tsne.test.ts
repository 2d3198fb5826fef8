// t-SNE: divergences beside scikit-learn's on the same features (tsne-reference.json), determinism, refusals.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { tsne, usualPerplexity } from "../../src/analysis/index.js";
import { full, Generator, randn, tensor } from "../../src/tensor/index.js";

const reference = JSON.parse(readFileSync(new URL("tsne-reference.json", import.meta.url), "utf8")) as {
  features: number[][];
  labels: number[];
  cases: { perplexity: number; init: "pca" | "random"; seed: number; divergence: number }[];
};
const features = tensor(reference.features);

/** Share of points whose nearest neighbour in the map has their label. */
function purity(points: readonly (readonly [number, number])[], labels: readonly number[]): number {
  const right = points.filter(([x, y], i) => {
    let [nearest, least] = [-1, Number.POSITIVE_INFINITY];
    points.forEach(([u, v], j) => {
      const distance = (u - x) ** 2 + (v - y) ** 2;
      if (j !== i && distance < least) [nearest, least] = [j, distance];
    });
    return labels[nearest] === labels[i];
  });
  return right.length / points.length;
}

describe("t-SNE", () => {
  it.each([5, 30])(
    "ends within a twentieth of scikit-learn's divergence, perplexity %d",
    async (perplexity) => {
      const theirs = reference.cases.filter((one) => one.perplexity === perplexity);
      const principal = theirs.find(({ init }) => init === "pca")!.divergence;
      const map = await tsne(features, { perplexity });
      expect(Math.abs(map.divergence / principal - 1)).toBeLessThan(0.05);
      expect(purity(map.points, reference.labels)).toBeGreaterThan(0.9);
      // Other random starts than theirs end elsewhere; the mean over theirs is what a start of ours is held to.
      const random = theirs.filter(({ init }) => init === "random");
      const mean = random.reduce((sum, one) => sum + one.divergence, 0) / random.length;
      const own = await tsne(features, { perplexity, seed: 3 });
      expect(Math.abs(own.divergence / mean - 1)).toBeLessThan(0.05);
    },
  );

  it("gives the same map again, and another one for another seed", async () => {
    const few = features.slice(0, 0, 40);
    const map = (seed?: number) => tsne(few, { iterations: 60, ...(seed !== undefined && { seed }) });
    const [principal, first, second] = [await map(), await map(1), await map(2)];
    expect(await map()).toEqual(principal);
    expect(await map(1)).toEqual(first);
    expect(second.points).not.toEqual(first.points);
    expect(principal.points).not.toEqual(first.points);
  });

  it("bears points that coincide", async () => {
    const { points, divergence } = await tsne(full([12, 3], 1), { iterations: 30 });
    expect(points.flat().every(Number.isFinite)).toBe(true);
    expect(divergence).toBeGreaterThanOrEqual(0);
    const twice = features.slice(0, 0, 10).repeat([2, 1]);
    expect((await tsne(twice, { iterations: 30 })).points.flat().every(Number.isFinite)).toBe(true);
  });

  it("refuses what has no map, and stops when told to", async () => {
    const generator = new Generator(0);
    const points = (count: number, width = 3) => randn([count, width], generator);
    await expect(tsne(points(3))).rejects.toThrow(/4 to 5000 points; there are 3\./);
    await expect(tsne(points(5001))).rejects.toThrow(/there are 5001\./);
    await expect(tsne(points(9, 1))).rejects.toThrow(/not \[9,1\]/);
    await expect(tsne(points(9), { perplexity: 9 })).rejects.toThrow(/perplexity is 9; with 9 points/);
    await expect(tsne(points(9), { iterations: 0.5 })).rejects.toThrow(/iterations is 0\.5/);
    await expect(tsne(points(9).mul(Number.NaN))).rejects.toThrow(/not finite/);
    const stop = new AbortController();
    const ended = tsne(points(9), { signal: stop.signal, onProgress: () => stop.abort(new Error("enough")) });
    await expect(ended).rejects.toThrow("enough");
  });

  it("takes 30 neighbours, or a third of the others", () => {
    expect([4, 10, 91, 1000].map(usualPerplexity)).toEqual([1, 3, 30, 30]);
  });
});
