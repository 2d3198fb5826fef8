// Which images an experiment trains and measures on.
import { describe, expect, it } from "vitest";
import { parseConfig } from "../../src/experiments/config/config.js";
import { loadData, spreadOverClasses } from "../../src/experiments/data.js";

function split(labels: number[]) {
  return { images: new Uint8Array(labels.length * 3), labels: Uint8Array.from(labels), count: labels.length };
}

describe("spreadOverClasses", () => {
  it("takes the first images of each class, whatever the order", () => {
    expect([...spreadOverClasses(split([0, 0, 0, 1, 1, 1, 2, 2, 2]), 3, 6)]).toEqual([0, 1, 3, 4, 6, 7]);
  });

  it("goes on with the other classes where one has no more", () => {
    expect([...spreadOverClasses(split([0, 1, 1, 1, 1]), 2, 4)]).toEqual([0, 1, 2, 3]);
  });

  it("takes all where more are wanted than there are", () => {
    expect([...spreadOverClasses(split([1, 0]), 2, 5)]).toEqual([0, 1]);
  });
});

describe("loadData", () => {
  it("with selection first draws subsets of growing ratio as prefixes of each other", async () => {
    const draw = async (imbalance: number, selection: string) => {
      const config = parseConfig({ data: { subset: { imbalance, maxPerClass: 100, selection } } });
      const { subset, dataset } = await loadData(config);
      const byClass = Array.from({ length: 10 }, (_, k) =>
        [...subset.train].filter((i) => dataset.train.labels[i] === k),
      );
      return { byClass, hash: subset.hash };
    };
    const [wide, narrow, shuffled] = [
      await draw(10, "first"),
      await draw(50, "first"),
      await draw(10, "shuffled"),
    ];
    narrow.byClass.forEach((images, k) => {
      expect(wide.byClass[k]!.slice(0, images.length)).toEqual(images);
      expect(images).toEqual([...images].sort((a, b) => a - b));
    });
    expect(shuffled.hash).not.toBe(wide.hash);
  });

  it("sets validation images aside before it draws the subset, and groups classes by size", async () => {
    const config = parseConfig({
      data: { subset: { imbalance: 10, maxPerClass: 100 }, validationPerClass: 7 },
      training: { select: "validation" },
    });
    const { subset, groups } = await loadData(config);
    expect(subset.counts[0]).toBe(100);
    expect(subset.counts[9]).toBe(10);
    expect(subset.validation).toHaveLength(70);

    expect([...subset.validation].filter((i) => subset.train.includes(i))).toEqual([]);
    expect(groups).toEqual([...Array(3).fill("head"), ...Array(4).fill("body"), ...Array(3).fill("tail")]);
  });
});
