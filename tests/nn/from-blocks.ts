// What tests of convolutions in blocks compare with: maps as LibTorch has them, and how far two are apart.
import type { Tensor } from "../../src/tensor/index.js";

/** Maps [N, C/16, H, W, 16] as [N, C, H, W]. */
export function fromBlocks(maps: Tensor): Tensor {
  const [count, blocks, height, width] = maps.shape as [number, number, number, number];
  return maps.permute([0, 1, 4, 2, 3]).reshape([count, blocks * 16, height, width]);
}

const largest = (tensor: Tensor) => tensor.abs().amax().item();

/** The largest difference, as a share of the largest value. */
export function apart(got: Tensor, expected: Tensor): number {
  return largest(got.sub(expected)) / largest(expected);
}
