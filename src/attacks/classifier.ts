// What an attack may know of a model: images in, logits out.
import type { Tensor } from "../tensor/index.js";

/** Anything that can be attacked through its gradients. */
export interface Classifier {
  /** @param images [N, channels, height, width] in [0, 1]; @returns logits [N, classes], differentiable in the images */
  logits(images: Tensor): Tensor;
  /**
   * As `logits`, [N, C], sooner and rounded more coarsely. APGD, FAB and Square look for examples with it, and count none that
   * `logits` does not confirm. Default: they ask `logits` alone.
   */
  fastLogits?(images: Tensor): Tensor;
}

/** What an attack asks while it looks for examples. */
export function searched(model: Classifier): Classifier {
  return model.fastLogits ? { logits: (images) => model.fastLogits!(images) } : model;
}
