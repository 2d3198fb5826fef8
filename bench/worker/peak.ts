// What this machine can do at most: a large matrix product, and the convolutions of ResNet-18 in every layout.
import { callOperator, conv2d, Generator, keep, noGrad, rand, scope, type Tensor } from "reat";
import { blocksAvailable, convolveBlocks, toBlocks } from "#reat/nn/blocked-maps.js";
import type { PeakWork, Values } from "../work.js";
import type { Run } from "./main.js";

/** Channels and side of the feature maps of ResNet-18's four stages; 3×3 kernels. */
const stages = [
  [64, 32],
  [128, 16],
  [256, 8],
  [512, 4],
] as const;

const matrixSide = 2048;

/** Seconds of the fastest of some calls after a first one, which makes oneDNN compile its kernel and brings memory. */
function secondsOf(body: () => Tensor): number {
  const once = () =>
    scope(() => {
      body();
    });
  once();
  return Math.min(
    ...Array.from({ length: 5 }, () => {
      const began = performance.now();
      once();
      return (performance.now() - began) / 1000;
    }),
  );
}

/**
 * Values: GFLOP/s of "matmul", of "conv CHANNELSxSIDE LAYOUT" and, where there are any, of "winograd CHANNELSxSIDE", whose
 * operations are counted as those of the direct convolution that they stand for.
 */
export function preparePeak({ batchSize }: PeakWork): Run {
  const generator = new Generator(0);
  const matrices = [0, 1].map(() => keep(rand([matrixSide, matrixSide], generator)));
  const convolutions = stages.flatMap(([channels, side]) => {
    const flops = 2 * 9 * channels * channels * side * side * batchSize;
    const weight = keep(rand([channels, channels, 3, 3], generator));
    const maps = rand([batchSize, channels, side, side], generator);
    const geometry = { padding: 1 };
    const plain = keep(maps);
    const last = keep(maps.contiguous("channelsLast"));
    const blocked = keep(callOperator("to_mkldnn", maps) as Tensor);
    const opaque = callOperator("to_mkldnn", weight) as Tensor;
    const bias = keep(rand([channels], generator));
    const blocks = blocksAvailable() ? keep(toBlocks(maps)) : null;
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
      ...(blocks === null
        ? []
        : [
            {
              name: `winograd ${channels}x${side}`,
              flops,
              run: () => convolveBlocks(blocks, weight, bias, { stride: 1, padding: 1 }, true),
            },
          ]),
    ];
  });
  return () =>
    noGrad(() => {
      const values: Record<string, number> = {};
      const [a, b] = matrices as [Tensor, Tensor];
      values.matmul = (2 * matrixSide ** 3) / secondsOf(() => a.mm(b)) / 1e9;
      for (const { name, flops, run } of convolutions) values[name] = flops / secondsOf(run) / 1e9;
      return values satisfies Values;
    });
}
