// Windows of random size: the rule they are drawn by, and pixels beside Pillow's.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { drawResizedCrops, type ResizedCrop, resizedCrops } from "../../src/data/index.js";
import { scope, tensor } from "../../src/tensor/index.js";

const size = { height: 90, width: 120 };
const draw = (count: number, options = {}, of = size, seeds: readonly [number, number, number] = [1, 0, 0]) =>
  drawResizedCrops(
    Array.from({ length: count }, () => of),
    seeds,
    options,
  );

describe("windows of random size", () => {
  it("lie in the image, with areas and forms between the bounds and all over them", () => {
    const windows = draw(4000);
    const areas: number[] = [];
    const forms: number[] = [];
    for (const { top, left, height, width } of windows) {
      expect(top >= 0 && left >= 0 && top + height <= 90 && left + width <= 120).toBe(true);
      areas.push((height * width) / (90 * 120));
      forms.push(width / height);
    }
    expect(Math.min(...areas)).toBeGreaterThan(0.075);
    expect(Math.min(...areas)).toBeLessThan(0.09);
    expect(Math.max(...areas)).toBeGreaterThan(0.95);
    // Rounding to whole pixels moves a form of so few pixels by some percent.
    expect(Math.min(...forms)).toBeGreaterThan(0.72);
    expect(Math.max(...forms)).toBeLessThan(1.38);
    const mirrored = windows.filter((window) => window.mirrored).length;
    expect(Math.abs(mirrored - 2000)).toBeLessThan(150);
    const corners = new Set(windows.map(({ top, left }) => `${top > 20} ${left > 20}`));
    expect(corners.size).toBe(4);
  });

  it("are the same for the same numbers, and others otherwise", () => {
    expect(draw(5)).toEqual(draw(5));
    for (const other of [
      [2, 0, 0],
      [1, 1, 0],
      [1, 0, 1],
    ] as const) {
      expect(draw(5, {}, size, other)).not.toEqual(draw(5));
    }
    const still = draw(5, { flip: false });
    expect(still).toEqual(draw(5).map((window) => ({ ...window, mirrored: false })));
  });

  it("are the middle of an image that has no such form", () => {
    const whole = { scale: [1, 1] as const, flip: false };
    const [wide] = draw(1, whole, { height: 10, width: 100 });
    expect(wide).toEqual({ top: 0, left: 43, height: 10, width: 13, mirrored: false });
    const [high] = draw(1, whole, { height: 100, width: 9 });
    expect(high).toEqual({ top: 44, left: 0, height: 12, width: 9, mirrored: false });
    const [square] = draw(1, { ...whole, ratio: [1, 1] }, { height: 8, width: 8 });
    expect(square).toEqual({ top: 0, left: 0, height: 8, width: 8, mirrored: false });
  });

  it.each([
    { scale: [0, 1] },
    { scale: [0.5, 0.2] },
    { scale: [0.5, 1.2] },
    { ratio: [0, 1] },
    { ratio: [2, 1] },
    { scale: [Number.NaN, 1] },
  ])("refuses bounds that are none (%j)", (options) => {
    expect(() => draw(1, options)).toThrow(
      /of random resized crops is \[.*\]; accepted: two numbers above 0/,
    );
  });
});

interface Golden {
  readonly height: number;
  readonly width: number;
  readonly side: number;
  readonly planes: number[];
  readonly cases: { readonly window: ResizedCrop; readonly planes: number[] }[];
}

describe("windows that are scaled", () => {
  const golden = JSON.parse(readFileSync(new URL("resized-crop.json", import.meta.url), "utf8")) as Golden;
  const image = () =>
    tensor(Uint8Array.from(golden.planes), { shape: [1, 3, golden.height, golden.width], dtype: "uint8" });
  const target = { height: golden.side, width: golden.side };

  it.each(golden.cases.map((one, i) => [i, one] as const))(
    "are within one of Pillow's bytes (%i)",
    (_, { window, planes }) => {
      const ours = scope(() => [...resizedCrops([image()], [window], target).toArray()].map(Number));
      const differences = ours.map((value, i) => Math.abs(value - planes[i]!));
      expect(Math.max(...differences)).toBeLessThanOrEqual(1);
    },
  );

  it("are refused where they reach outside, or are not one for each image", () => {
    const window = { top: 20, left: 0, height: 4, width: 4, mirrored: false };
    expect(() => scope(() => resizedCrops([image()], [window], target))).toThrow(
      "A window of 4×4 pixels at 0, 20 reaches outside its image of 31×23.",
    );
    expect(() => scope(() => resizedCrops([image()], [], target))).toThrow(
      "0 windows were given for a batch of 1",
    );
  });
});
