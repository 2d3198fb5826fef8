// Training passes of maps in blocks: convolutions in tiles that take their statistics on the way out and are normalised on the way in.
import { operator, operatorMany, type Tensor } from "../../tensor/index.js";
import { sharedStatistics } from "../shared-statistics.js";
import type { TileNorm } from "../tile-norm.js";
import { currentLevers } from "./levers.js";
import { tilesWanted } from "./tile-convolution.js";

const trainingConvolution = operatorMany("reat::tile_training_convolution");
const join = operator("reat::tile_join");
const sum = operatorMany("reat::tile_sum");

/** Maps [N, C/16, H, W, 16] that a norm and then, where `relu`, a ReLU still have to pass; without a norm they are as they shall be. */
export interface PendingMaps {
  readonly maps: Tensor;
  readonly norm: TileNorm | null;
  readonly relu: boolean;
}

/** Maps [N, C/16, H, W, 16] with their mean and biased variance [C] in float64. */
export interface MeasuredMaps {
  readonly maps: Tensor;
  readonly mean: Tensor;
  readonly variance: Tensor;
}

/** Whether a training pass is faster with these images in blocks. */
export function worthTrainingInTiles(images: Tensor): boolean {
  const { blockedMaps, trainingTiles } = currentLevers();
  return (
    blockedMaps &&
    trainingTiles &&
    // Their statistics are those of the own images.
    sharedStatistics() === null &&
    images.device === "cpu" &&
    images.dtype === "float32" &&
    images.ndim === 4 &&
    tilesWanted()
  );
}

/**
 * The convolution of maps in blocks by `weight` [O, C, k, k] with O a multiple of 16, k 3 or 1 and padding (k - 1)/2. The weight's
 * gradient is Winograd's F(3×3, 4×4) (Lavin and Gray 2016) where the convolution is F(4×4, 3×3).
 * @param estimate of the results' means [O], without a gradient, null where their moments are not needed: the nearer, the more exact is the variance
 * @returns results, their mean and biased variance [O] in float64; and the maps that went in, for later uses: they must take the
 *   returned ones, so that the sum of both gradients is fused
 */
export function convolveInTraining(
  { maps, norm, relu }: PendingMaps,
  weight: Tensor,
  stride: number,
  estimate: Tensor | null,
): { readonly output: Tensor; readonly mean: Tensor; readonly variance: Tensor; readonly same: Tensor } {
  const [output, mean, variance, same] = trainingConvolution(
    maps,
    weight,
    ...partsOf(norm),
    estimate,
    norm?.eps ?? 0,
    relu,
    stride,
  ) as [Tensor, Tensor, Tensor, Tensor];
  return { output, mean, variance, same };
}

/** What is pending, done, and added to other maps, whose norm is done on the way; then ReLU where the first maps have one. */
export function finishMaps({ maps, norm, relu }: PendingMaps, other: PendingMaps | null): Tensor {
  if (norm === null) return maps;
  return join(maps, ...partsOf(norm), other?.maps ?? null, ...partsOf(other?.norm ?? null), norm.eps, relu);
}

/**
 * The sum of maps of one shape, which a norm is to follow.
 * @param estimate of the sum's means [C], without a gradient: the nearer, the more exact is the variance
 */
export function sumInTraining(maps: Tensor, other: Tensor, estimate: Tensor): MeasuredMaps {
  const [output, mean, variance] = sum(maps, other, estimate) as [Tensor, Tensor, Tensor];
  return { maps: output, mean, variance };
}

function partsOf(norm: TileNorm | null): (Tensor | null)[] {
  return norm ? [norm.mean, norm.variance, norm.weight, norm.bias] : [null, null, null, null];
}
