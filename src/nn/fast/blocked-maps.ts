// Feature maps in blocks of sixteen channels, the layout in which convolutions need not rearrange anything.
import { callOperator, operator, pad, type Tensor } from "../../tensor/index.js";
import { currentLevers } from "./levers.js";
import { tilesWanted } from "./tile-convolution.js";

const blockedConvolution = operator("reat::blocked_convolution");

const block = 16;

let available: boolean | undefined;

/** Whether oneDNN convolves maps in blocks: LibTorch on the system's oneDNN 2 and a processor with AVX-512. */
export function blocksAvailable(): boolean {
  available ??= callOperator("reat::blocked_convolution_available") === true;
  return available;
}

/** Whether a frozen network is faster with these images in blocks; `tiles`: it would convolve them in tiles. */
export function worthBlocking(images: Tensor, tiles: boolean): boolean {
  const { blockedMaps, foldBatchNorm } = currentLevers();
  const suits = images.device === "cpu" && images.dtype === "float32";
  return blockedMaps && foldBatchNorm && suits && ((tiles && tilesWanted()) || blocksAvailable());
}

/** Maps [N, C, H, W] as [N, ⌈C/16⌉, H, W, 16], channels that are not there being zero. */
export function toBlocks(maps: Tensor): Tensor {
  const [count, channels, height, width] = maps.shape as [number, number, number, number];
  const blocks = Math.ceil(channels / block);
  const padded = pad(maps, [0, 0, 0, 0, 0, blocks * block - channels]);
  return padded.reshape([count, blocks, block, height, width]).permute([0, 1, 3, 4, 2]).contiguous();
}

/** Maps in blocks as [N, C, H, W], C a multiple of 16. */
export function outOfBlocks(maps: Tensor): Tensor {
  const [count, blocks, height, width] = maps.shape as [number, number, number, number, number];
  return maps.permute([0, 1, 4, 2, 3]).reshape([count, blocks * block, height, width]);
}

/** Whether maps are in blocks. */
export function inBlocks(maps: Tensor): boolean {
  return maps.ndim === 5;
}

/** The convolution of maps in blocks, by oneDNN. Gradients reach the maps alone. */
export function convolveBlocks(
  maps: Tensor,
  weight: Tensor,
  bias: Tensor,
  { stride, padding }: { readonly stride: number; readonly padding: number },
): Tensor {
  const missing = maps.shape[1]! * block - weight.shape[1]!;
  const whole = missing === 0 ? weight : pad(weight, [0, 0, 0, 0, 0, missing]);
  return blockedConvolution(maps, whole, bias, stride, padding);
}
