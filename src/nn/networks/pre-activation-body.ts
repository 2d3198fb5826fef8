// What networks of pre-activation blocks have in common: stem, blocks, a last norm, and the pooling.
import { scope, type Tensor } from "../../tensor/index.js";
import type { BatchNorm } from "../batch-norm.js";
import type { Conv2d } from "../conv2d.js";
import {
  finishMaps,
  inMapLayout,
  inPrecision,
  pooled,
  tilesWanted,
  toBlocks,
  worthBlocking,
  worthTrainingInTiles,
} from "../fast/index.js";
import type { PreActivationBlock } from "./pre-activation-block.js";

/** The parts in their order; widths are multiples of 16 and strides at most 2, as tiles want them. */
export interface PreActivationBody {
  readonly stem: Conv2d;
  readonly blocks: readonly PreActivationBlock[];
  readonly norm: BatchNorm;
}

/** Images [N, 3, H, W] to the means [N, C] of the last maps. */
export function preActivationFeatures(body: PreActivationBody, images: Tensor): Tensor {
  return scope(() => inPrecision(images, (input) => pooled(lastMaps(body, input)).flatten(1)));
}

function lastMaps({ stem, blocks, norm }: PreActivationBody, images: Tensor): Tensor {
  const { mode } = norm;
  if ((mode === "train" || mode === "batch") && worthTrainingInTiles(images)) {
    const pending = { maps: toBlocks(images), norm: null, relu: false };
    const norms = [...blocks.map(({ firstNorm }) => firstNorm), norm] as const;
    const first = stem.forwardMeasured(pending, norms[0]!.runningMean);
    const { maps, mean, variance } = blocks.reduce(
      (measured, block, index) => block.forwardInTraining(measured, norms[index + 1]!),
      first,
    );
    return finishMaps({ maps, norm: norm.inTraining(maps, mean, variance), relu: true }, null);
  }
  // Outside of mode "fast" blocks would gain nothing: oneDNN convolves maps as they are as well.
  if (mode === "fast" && tilesWanted() && worthBlocking(images, true)) {
    const [first] = stem.forwardAlone(toBlocks(images), { addend: null, relu: false });
    const maps = through(blocks, first);
    return finishMaps({ maps, norm: norm.fixed(), relu: true }, null);
  }
  return norm.forward(through(blocks, stem.forward(inMapLayout(images, null)))).relu_();
}

/** Without gradients, maps are freed as the batch moves on. */
function through(blocks: readonly PreActivationBlock[], first: Tensor): Tensor {
  return blocks.reduce((maps, block) => {
    const next = block.forward(maps);
    maps.dispose();
    return next;
  }, first);
}
