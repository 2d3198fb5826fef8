// This machine's peak speed: a large matrix product, and the convolutions of ResNet-18 in every memory layout.
import { Generator, noGrad, rand, scope, type Tensor } from "reat";
import { callOperator, conv2d, keep } from "reat/tensor";
import { activeBuild } from "#scripts/places.mjs";
import type { PeakWork, Values } from "../work.js";
import { loadNative } from "./native.js";
import type { Run } from "./run.js";

/** Channels and side of the feature maps of ResNet-18's four stages; 3×3 kernels. */
const stages = [
  [64, 32],
  [128, 16],
  [256, 8],
  [512, 4],
] as const;

const matrixSide = 2048;
const calls = 5;

/** Seconds of the fastest of some calls. A first call, which lets oneDNN compile its kernel and allocates memory, is not timed. */
function secondsOf(body: () => Tensor): number {
  const once = () =>
    scope(() => {
      body();
    });
  once();
  return Math.min(
    ...Array.from({ length: calls }, () => {
      const began = performance.now();
      once();
      return (performance.now() - began) / 1000;
    }),
  );
}

interface OneDnn {
  /** Null if oneDNN has no such convolution. */
  winogradSeconds(
    images: number,
    channels: number,
    side: number,
    back: boolean,
    calls: number,
  ): number | null;
}

/** GFLOP/s of oneDNN's own Winograd convolutions, forward and backward, if LibTorch loads a oneDNN that has them. */
function winogradSpeeds(batchSize: number): Record<string, number> {
  const library = activeBuild()?.libtorch.onednn;
  if (!library) return {};
  const { winogradSeconds } = loadNative("winograd", [library]) as OneDnn;
  const speeds: Record<string, number> = {};
  for (const [channels, side] of stages) {
    for (const back of [false, true]) {
      const seconds = winogradSeconds(batchSize, channels, side, back, calls);
      if (seconds === null) continue;
      speeds[`winograd ${channels}x${side} ${back ? "back" : "forth"}`] =
        flopsOf(channels, side, batchSize) / seconds / 1e9;
    }
  }
  return speeds;
}

function flopsOf(channels: number, side: number, batchSize: number): number {
  return 2 * 9 * channels * channels * side * side * batchSize;
}

/** Without the taps that meet the zeros around the maps, which oneDNN's direct convolutions skip. */
function directFlopsOf(channels: number, side: number, batchSize: number): number {
  return flopsOf(channels, side, batchSize) * (1 - 2 / (3 * side)) ** 2;
}

/**
 * Values: GFLOP/s of "matmul", of "conv CHANNELSxSIDE LAYOUT" and, if oneDNN has them, of its "winograd CHANNELSxSIDE
 * DIRECTION", which count as many operations as the direct convolution that they replace,
 * zeros around the maps included.
 */
export function preparePeak({ batchSize }: PeakWork): Run {
  const generator = new Generator(0);
  const matrices = [0, 1].map(() => keep(rand([matrixSide, matrixSide], generator)));
  const convolutions = stages.flatMap(([channels, side]) => {
    const flops = directFlopsOf(channels, side, batchSize);
    const weight = keep(rand([channels, channels, 3, 3], generator));
    const maps = rand([batchSize, channels, side, side], generator);
    const geometry = { padding: 1 };
    const plain = keep(maps);
    const last = keep(maps.contiguous("channelsLast"));
    const blocked = keep(callOperator("to_mkldnn", maps) as Tensor);
    const opaque = callOperator("to_mkldnn", weight) as Tensor;
    const reordered = keep(
      callOperator("mkldnn_reorder_conv2d_weight", opaque, [1, 1], [1, 1], [1, 1], 1) as Tensor,
    );
    return [
      {
        name: `conv ${channels}x${side} contiguous`,
        flops,
        run: () => conv2d(plain, weight, null, geometry),
      },
      {
        name: `conv ${channels}x${side} channelsLast`,
        flops,
        run: () => conv2d(last, weight, null, geometry),
      },
      {
        name: `conv ${channels}x${side} blocked`,
        flops,
        run: () => conv2d(blocked, reordered, null, geometry),
      },
    ];
  });
  return () =>
    noGrad(() => {
      const values: Record<string, number> = {};
      const [a, b] = matrices as [Tensor, Tensor];
      values.matmul = (2 * matrixSide ** 3) / secondsOf(() => a.mm(b)) / 1e9;
      for (const { name, flops, run } of convolutions) values[name] = flops / secondsOf(run) / 1e9;
      Object.assign(values, winogradSpeeds(batchSize));
      return values satisfies Values;
    });
}
