// What an attack may know of a model: images in, logits out.
import type { Tensor } from "../tensor/index.js";

/** Anything that can be attacked through its gradients. */
export interface Classifier {
  /** @param images [N, channels, height, width] in [0, 1]; @returns logits [N, classes], differentiable in the images */
  logits(images: Tensor): Tensor;
}
