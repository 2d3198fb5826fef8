// Where the time of a convolution in tiles goes: its three steps, beside the limit of its products.
import { readFileSync } from "node:fs";
import type { TileStagesWork, Values } from "../work.js";
import { loadNative } from "./native.js";
import type { Run } from "./run.js";

/** ResNet-18's 3×3 convolutions: input and output channels, side of the maps that go in, stride, and how many there are. */
export const layers = [
  { name: "64x32", inputs: 64, outputs: 64, side: 32, stride: 1, count: 4 },
  { name: "128x16", inputs: 128, outputs: 128, side: 16, stride: 1, count: 3 },
  { name: "256x8", inputs: 256, outputs: 256, side: 8, stride: 1, count: 3 },
  { name: "512x4", inputs: 512, outputs: 512, side: 4, stride: 1, count: 3 },
  { name: "64x32 to 128x16", inputs: 64, outputs: 128, side: 32, stride: 2, count: 1 },
  { name: "128x16 to 256x8", inputs: 128, outputs: 256, side: 16, stride: 2, count: 1 },
  { name: "256x8 to 512x4", inputs: 256, outputs: 512, side: 8, stride: 2, count: 1 },
] as const;

interface Tiles {
  tileStages(
    inputs: number,
    outputs: number,
    side: number,
    stride: number,
    images: number,
    calls: number,
  ): [toPoints: number, products: number, fromPoints: number, operations: number];
  /** GFLOP/s. */
  productLimit(): number;
}

const calls = 5;

/** The kernels as set-up compiles them for this processor. @throws Error where it has none */
function loadTiles(): Tiles {
  const flags = readFileSync("/proc/cpuinfo", "utf8");
  const processor = (["avx512", "avx2"] as const).find((name) =>
    new RegExp(`\\b${name === "avx512" ? "avx512f" : name}\\b`).test(flags),
  );
  if (!processor) throw new Error("convolutions in tiles need a processor with AVX2 or AVX-512");
  const instructions = processor === "avx512" ? ["-mavx512f", "-Wno-maybe-uninitialized"] : ["-mavx2"];
  return loadNative("tiles", [], ["-O3", ...instructions, "-mfma", `-DREAT_PROCESSOR=${processor}`]) as Tiles;
}

/**
 * Values: "limit", GFLOP/s of products in the first cache; "LAYER products", GFLOP/s of a layer's products; "in", "products" and "out",
 * seconds of the three steps over a forward pass of all layers; "reached" and "bound", GFLOP/s of all layers counted as direct
 * convolutions, as they are and if products ran at the limit and the other steps took no time.
 */
export function prepareTileStages({ images }: TileStagesWork): Run {
  const tiles = loadTiles();
  return () => {
    const limit = tiles.productLimit();
    const values: Record<string, number> = { limit };
    const sums = { in: 0, products: 0, out: 0 };
    let direct = 0;
    let multiplied = 0;
    for (const { name, inputs, outputs, side, stride, count } of layers) {
      const [toPoints, products, fromPoints, operations] = tiles.tileStages(
        inputs,
        outputs,
        side,
        stride,
        images,
        calls,
      );
      values[`${name} products`] = operations / products / 1e9;
      sums.in += count * toPoints;
      sums.products += count * products;
      sums.out += count * fromPoints;
      direct += count * 2 * 9 * inputs * outputs * (side / stride) ** 2 * images;
      multiplied += count * operations;
    }
    const reached = direct / (sums.in + sums.products + sums.out) / 1e9;
    return { ...values, ...sums, reached, bound: (limit * direct) / multiplied } satisfies Values;
  };
}
