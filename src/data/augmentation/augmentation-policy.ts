// What a policy of strong augmentation is: it draws the operations for one image.
import type { CounterRandom } from "../counter-random.js";
import type { ImageOperation } from "./image-operations.js";

/** One operation on one image, see `imageOperations`. */
export interface PlannedOperation {
  readonly operation: ImageOperation;
  readonly magnitude: number;
}

/** Draws what happens to one image. */
export type AugmentationPolicy = (
  random: CounterRandom,
  size: { readonly height: number; readonly width: number },
) => readonly PlannedOperation[];
