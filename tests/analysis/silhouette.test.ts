// Silhouettes beside their definition, written out.
import { describe, expect, it } from "vitest";
import { silhouettes } from "../../src/analysis/index.js";
import { Generator, randn, tensor } from "../../src/tensor/index.js";

/** Rousseeuw's definition, point by point. */
function written(points: readonly (readonly number[])[], labels: readonly number[], classes: number) {
  const distance = (a: readonly number[], b: readonly number[]) => Math.hypot(...a.map((v, i) => v - b[i]!));
  const meanTo = (i: number, k: number) => {
    const own = points.filter((_, j) => labels[j] === k && j !== i);
    return own.reduce((sum, other) => sum + distance(points[i]!, other), 0) / own.length;
  };
  return Array.from({ length: classes }, (_, k) => {
    const mine = labels.flatMap((label, i) => (label === k ? [i] : []));
    if (mine.length === 0) return null;
    if (mine.length === 1) return 0;
    const each = mine.map((i) => {
      const a = meanTo(i, k);
      const others = [...new Set(labels)].filter((other) => other !== k).map((other) => meanTo(i, other));
      const b = Math.min(...others);
      return (b - a) / Math.max(a, b);
    });
    return each.reduce((sum, value) => sum + value, 0) / each.length;
  });
}

describe("silhouettes", () => {
  it("are those of the definition, with a class of one point and one of none", () => {
    const labels = [...Array.from({ length: 30 }, (_, i) => i % 3), 4];
    const features = randn([31, 6], new Generator(3)).add(
      tensor(
        labels.flatMap((label) => Array<number>(6).fill(0.7 * label)),
        { shape: [31, 6] },
      ),
    );
    const flat = features.toArray();
    const points = labels.map((_, i) => flat.slice(6 * i, 6 * i + 6));
    const expected = written(points, labels, 5);
    const found = silhouettes(features, labels, 5);
    expect(found[3]).toBeNull();
    expect(found[4]).toBe(0);
    found.forEach((value, k) => {
      if (value !== null) expect(value).toBeCloseTo(expected[k]!, 6);
    });
  });

  it("are near 1 for classes that lie far apart, and below 0 for points among those of another class", () => {
    const apart = tensor([
      [0, 0],
      [0, 0.1],
      [9, 9],
      [9, 9.1],
    ]);
    for (const value of silhouettes(apart, [0, 0, 1, 1], 2)) expect(value).toBeGreaterThan(0.98);
    const [lost] = silhouettes(apart, [0, 1, 0, 1], 2);
    expect(lost).toBeLessThan(0);
  });

  it("are 0 where all points are one", () => {
    expect(
      silhouettes(
        tensor([
          [1, 1],
          [1, 1],
          [1, 1],
        ]),
        [0, 0, 1],
        2,
      ),
    ).toEqual([0, 0]);
  });

  it("need two classes, and a label for each point", () => {
    expect(() => silhouettes(tensor([[1], [2]]), [1, 1], 2)).toThrow(/at least two/);
    expect(() => silhouettes(tensor([[1], [2]]), [1], 2)).toThrow(/1 labels for 2 features/);
  });
});
