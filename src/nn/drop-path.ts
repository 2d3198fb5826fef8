// Stochastic depth: in training, a residual branch is left out for some images, the more often the deeper it is.
import { ReatError } from "../errors.js";
import { empty, type Generator, noGrad, operator, scope, type Tensor } from "../tensor/index.js";
import type { ModuleMode } from "./module.js";

const bernoulliInPlace = operator("bernoulli_.float");

/** How often residual branches are left out while a network trains. */
export interface DropPath {
  /** Of the last block, from 0 to below 1; from it the rates fall to 0 at the first one, along a line (Huang et al. 2016, equation 4). */
  readonly rate: number;
  /** On the device of the images. A run gives the attack's, which is saved with checkpoints and begins anew in each part of a batch. */
  readonly generator: Generator;
}

/** What each of `blocks` blocks drops, from the input on; null for those that drop nothing. @throws ReatError `config` for a rate out of its range */
export function dropsOfBlocks(whole: DropPath | null, blocks: number): (DropPath | null)[] {
  const { rate = 0 } = whole ?? {};
  if (!(rate >= 0 && rate < 1)) {
    throw new ReatError("config", `The rate of stochastic depth must be from 0 to below 1, got ${rate}.`);
  }
  return Array.from({ length: blocks }, (_, block) => {
    const own = blocks === 1 ? 0 : (rate * block) / (blocks - 1);
    return whole && own > 0 ? { rate: own, generator: whole.generator } : null;
  });
}

/**
 * `input` plus the result of the branch beside it, both [N, …]. In modes "train" and "batch" the result counts 1/(1 − rate)-fold for an image,
 * or with probability `rate` not at all (Huang et al. 2016, scaled in training instead of afterwards, as timm and torchvision do by row).
 */
export function joinBranch(input: Tensor, branch: Tensor, drop: DropPath | null, mode: ModuleMode): Tensor {
  if (drop === null || (mode !== "train" && mode !== "batch")) return input.add(branch);
  const { rate, generator } = drop;
  const shape = branch.shape.map((size, axis) => (axis === 0 ? size : 1));
  const factors = scope(() =>
    noGrad(() => {
      const drawn = empty(shape, { device: branch.device, dtype: branch.dtype });
      return bernoulliInPlace(drawn, 1 - rate, generator).div_(1 - rate);
    }),
  );
  return input.add(branch.mul(factors));
}
