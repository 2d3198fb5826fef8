// Batch normalisation as convolutions in tiles take it.
import type { Tensor } from "../tensor/index.js";

/** Normalisation of maps by mean and biased variance [C], both float64, and its trained weight and bias [C]. */
export interface TileNorm {
  readonly mean: Tensor;
  readonly variance: Tensor;
  readonly weight: Tensor;
  readonly bias: Tensor;
  readonly eps: number;
}
