// What a loss is: logits and labels in, a scalar or one value per sample out.
import type { Tensor } from "../tensor/index.js";

/** "mean" over the batch gives a scalar, "none" one value per sample [N]. */
export type LossReduction = "mean" | "none";

/** Logits [N,C] and labels (int64 [N]) to a scalar or, with reduction "none", to [N]. */
export type LossFunction = (logits: Tensor, labels: Tensor) => Tensor;

/** A loss that may change with the epoch; nothing else is carried from call to call. */
export interface EpochLoss extends LossFunction {
  /** Sets the epoch, counted from 1. Absent where the loss is the same in all epochs. */
  beginEpoch?: (epoch: number) => void;
}
