// The picture of a data set: sizes as bars, groups with their totals, images beside their class.
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import {
  classStrips,
  createDataset,
  drawSubset,
  generateSynthetic,
  type ImageDataset,
  summarizeDataset,
} from "../../src/data/index.js";
import { type DataPictureOptions, dataPicture, imagesOfPicture } from "../../src/report/index.js";

/** Grey images of 4×2 pixels; `counts` training images a class, one test image each. */
function greys(counts: readonly number[], name = "greys"): ImageDataset {
  const split = (sizes: readonly number[]) => {
    const labels = sizes.flatMap((size, label) => new Array<number>(size).fill(label));
    const images = Uint8Array.from(labels.flatMap((_, i) => new Array<number>(24).fill(i % 256)));
    return { images, labels: Uint8Array.from(labels), count: labels.length };
  };
  const classNames = counts.map((_, label) => `class <${label}>`);
  const parts = { name, synthetic: false, classNames, height: 2, width: 4 };
  return createDataset({ ...parts, train: split(counts), test: split(counts.map(() => 1)) });
}

async function picture(dataset: ImageDataset, options?: DataPictureOptions): Promise<string> {
  const strips = await classStrips(dataset, { images: imagesOfPicture(dataset.classNames.length) });
  return dataPicture(summarizeDataset(dataset), strips, options);
}

/** Widths of the classes' bars, by the name in their title. */
function bars(svg: string): Map<string, number> {
  const found = svg.matchAll(/<g><title>(.*?): .*?<rect [^>]*? width="([\d.]+)"/g);
  return new Map(Array.from(found, ([, name, width]) => [name!, Number(width)]));
}

describe("dataPicture", () => {
  it("lists classes by size, with bars in proportion, groups, totals and ratio", async () => {
    const svg = await picture(greys([10, 40, 20]));
    expect([...bars(svg).keys()]).toEqual(["class &lt;1&gt;", "class &lt;2&gt;", "class &lt;0&gt;"]);
    const [first, second, third] = [...bars(svg).values()];
    expect(second! / first!).toBeCloseTo(0.5, 4);
    expect(third! / first!).toBeCloseTo(0.25, 4);
    expect(svg).toContain("70 training images of 4×2 pixels in 3 classes; unbalanced ratio 4,");
    expect(svg).toContain("head</tspan>: 1 class, 40 images, 57.1 %");
    expect(svg).toContain("tail</tspan>: 1 class, 10 images, 14.3 %");
    expect(svg).toContain("training images of a class, linear scale");
    expect(svg).toContain("class &lt;0&gt;: 10 training images, 1 test images, tail");
  });

  it("counts the subset where one is drawn, and says of how many", async () => {
    const dataset = generateSynthetic({ seed: 0, trainPerClass: 8, testPerClass: 1 });
    const subset = drawSubset(dataset.train.labels, dataset.classNames, {
      profile: "exponential",
      unbalancedRatio: 4,
      selection: "first",
    });
    const strips = await classStrips(dataset, { images: 12, indices: subset.train });
    const svg = dataPicture(summarizeDataset(dataset, subset), strips);
    expect(svg).toContain(
      `synthetic images, drawn by a program; a subset of ${subset.train.length} of its 80`,
    );
    expect(svg).toContain("disc: 8 of 8 training images");
    expect(svg).toContain("vertical-bars: 2 of 8 training images");
  });

  it("takes a logarithmic scale where the smallest class could not be seen, or where asked", async () => {
    const counts = [1600, 40, 1];
    const log = await picture(greys(counts));
    expect(log).toContain("logarithmic scale");
    const [first, second, third] = [...bars(log).values()];
    // Equal ratios are equal lengths, and the smallest has a bar: 1600 / 40 = 40 / 1.
    expect(first! - second!).toBeCloseTo(second! - third!, 1);
    expect(third).toBeGreaterThan(5);
    expect(await picture(greys([4, 2]), { scale: "log" })).toContain("logarithmic scale");
    expect(await picture(greys(counts), { scale: "linear" })).toContain("linear scale");
  });

  it("draws a class without images as such", async () => {
    const svg = await picture(greys([5, 0, 3]));
    expect(svg).toContain("a class without images");
    expect(bars(svg).get("class &lt;1&gt;")).toBe(0);
    expect(svg.match(/<image /g)).toHaveLength(2);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });

  it.each([1, 10, 100, 200])(
    "needs nothing beside it and keeps rows apart, with %i classes",
    async (classes) => {
      const svg = await picture(greys(Array.from({ length: classes }, (_, k) => 1 + ((classes - k) >> 3))));
      expect(bars(svg).size).toBe(classes);
      expect(svg.match(/href="data:image\/png;base64,/g)).toHaveLength(classes);
      expect(svg.replaceAll('xmlns="http://www.w3.org/2000/svg"', "")).not.toMatch(/https?:|<script|url\(/);
      const [, width, height] = /^<svg [^>]*?width="(\d+)" height="(\d+)"/.exec(svg)!.map(Number);
      const images = Array.from(
        svg.matchAll(/<image x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"/g),
        (found) => found.slice(1).map(Number) as [number, number, number, number],
      );
      for (const [x, y, w, h] of images) {
        expect(x + w).toBeLessThan(width!);
        expect(y + h).toBeLessThan(height!);
        const below = images.filter(([otherX, otherY]) => otherX === x && otherY > y);
        for (const [, otherY] of below) expect(otherY - y).toBeGreaterThan(h);
      }
    },
  );

  it("is the same text each time", async () => {
    expect(await picture(greys([4, 2]))).toBe(await picture(greys([4, 2])));
  });
});

describe("classStrips", () => {
  it("holds the first images of each class side by side, clear where there are no more", async () => {
    const { width, height, strips } = await classStrips(greys([3, 0, 1]), { images: 2 });
    expect([width, height]).toEqual([10, 2]);
    expect(strips[1]).toBeNull();
    const pixels = async (strip: Buffer) => [...(await sharp(strip).raw().toBuffer())];
    const grey = (value: number, count: number) => new Array(count).fill([value, value, value, 255]).flat();
    const clear = (count: number) => new Array(count * 4).fill(0);
    const row = [...grey(0, 4), ...clear(2), ...grey(1, 4)];
    expect(await pixels(strips[0]!)).toEqual([...row, ...row]);
    const alone = [...grey(3, 4), ...clear(6)];
    expect(await pixels(strips[2]!)).toEqual([...alone, ...alone]);
  });

  it("scales high images down and keeps their shape", async () => {
    const { width, height, strips } = await classStrips(greys([2, 2]), { images: 2, height: 1 });
    expect([width, height]).toEqual([5, 1]);
    const { width: w, height: h } = await sharp(strips[0]!).metadata();
    expect([w, h]).toEqual([5, 1]);
  });

  it("refuses a number of images that makes no strip", async () => {
    await expect(classStrips(greys([1, 1]), { images: 0 })).rejects.toThrow("A strip of 0 images");
  });
});
