// A network as an attack may ask it: plainly, and sooner through convolutions in tiles.
import { noGrad, scope, type Tensor } from "../tensor/index.js";
import type { ImageClassifier } from "./classifier.js";
import { tileConvolutions } from "./fast/index.js";

/**
 * Whether mode "fast" convolves images like these in tiles: some networks and processors have no such way.
 * @param images [N, 3, height, width], N ≥ 1; one of them is passed through the network
 */
export function usesTiles(model: ImageClassifier, images: Tensor): boolean {
  const before = tileConvolutions();
  scope(() => noGrad(() => model.withMode("fast", () => model.logits(images.slice(0, 0, 1)))));
  return tileConvolutions() > before;
}

/** A network with plain logits [N, C], in whatever mode it is, and logits of mode "fast". */
export interface TiledClassifier {
  logits(images: Tensor): Tensor;
  fastLogits(images: Tensor): Tensor;
}

/**
 * The network with the logits of its mode "fast" beside those of its own mode, which should be "frozen": then neither mode undoes what the
 * other prepared. `autoAttack` looks for examples with the fast ones and confirms them with the others.
 */
export function throughTiles(model: ImageClassifier): TiledClassifier {
  return {
    logits: (images) => model.logits(images),
    fastLogits: (images) => model.withMode("fast", () => model.logits(images)),
  };
}
