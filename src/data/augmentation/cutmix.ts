// CutMix (Yun et al. 2019, arXiv 1905.04899): a rectangle of another image, and labels that are shared in proportion to the areas.
import { scope, type Tensor, tensor } from "../../tensor/index.js";
import { CounterRandom, mixSeed } from "../counter-random.js";

/** Where the second image of a pair comes from. */
export const cutMixPartners = ["batch", "balanced"] as const;

/** Options of CutMix. */
export interface CutMixOptions {
  /** Share of the batches that are mixed, from 0 to 1. */
  readonly probability: number;
  /**
   * "batch": the batch in another order, as published; "balanced": a random class, and a random image of it, so that rare classes are pasted on
   * frequent ones (the idea of CMO, Park et al. 2022, arXiv 2112.00412, whose weights 1/n_k this is).
   */
  readonly second: (typeof cutMixPartners)[number];
}

/** What happens to one batch: the same rectangle for all of its images. */
export interface CutMixPlan {
  /** Positions in the split of the second images, one for each image of the batch. */
  readonly partners: Uint32Array;
  readonly box: {
    readonly top: number;
    readonly left: number;
    readonly bottom: number;
    readonly right: number;
  };
  /** Share λ of the first image's area, and of its label. */
  readonly share: number;
}

// Keeps these draws apart from those of other augmentations under the same seed.
const stream = 0xc07;

/** The seeds of the second images' own augmentation, apart from those of the first. */
export function partnerSeed(seed: number): number {
  return mixSeed(seed, stream);
}

/**
 * Draws λ even in [0, 1), and from it a rectangle of (1 − λ) of the area around an even middle, cut off at the border; λ is then what is left.
 * It depends on seed, epoch and batch alone, so a resumed run draws the same.
 * @param indices of the batch; @param members the split's images of each class; used by "balanced"
 * @returns null for a batch that is left as it is
 */
export function drawCutMix(
  { probability, second }: CutMixOptions,
  indices: Uint32Array,
  members: readonly Uint32Array[],
  { height, width }: { readonly height: number; readonly width: number },
  seeds: readonly [seed: number, epoch: number, batch: number],
): CutMixPlan | null {
  const random = new CounterRandom(mixSeed(...seeds, stream));
  if (random.uniform() >= probability) return null;
  const ratio = Math.sqrt(1 - random.uniform());
  const [h, w] = [Math.trunc(height * ratio), Math.trunc(width * ratio)];
  const [x, y] = [random.below(width), random.below(height)];
  const within = (value: number, most: number) => Math.min(Math.max(value, 0), most);
  const box = {
    top: within(y - Math.floor(h / 2), height),
    bottom: within(y + Math.floor(h / 2), height),
    left: within(x - Math.floor(w / 2), width),
    right: within(x + Math.floor(w / 2), width),
  };
  const share = 1 - ((box.bottom - box.top) * (box.right - box.left)) / (height * width);
  const partners = second === "batch" ? shuffled(indices, random) : balanced(indices.length, members, random);
  return { partners, box, share };
}

function shuffled(indices: Uint32Array, random: CounterRandom): Uint32Array {
  const result = indices.slice();
  for (let i = result.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [result[i], result[j]] = [result[j]!, result[i]!];
  }
  return result;
}

function balanced(count: number, members: readonly Uint32Array[], random: CounterRandom): Uint32Array {
  const present = members.filter(({ length }) => length > 0);
  return Uint32Array.from({ length: count }, () => {
    const images = present[random.below(present.length)]!;
    return images[random.below(images.length)]!;
  });
}

/** The first images with the second ones' rectangle. @param first, second `[N, C, H, W]` of one dtype and device */
export function applyCutMix(first: Tensor, second: Tensor, { box }: CutMixPlan): Tensor {
  const [, , height, width] = first.shape as [number, number, number, number];
  return scope(() => {
    const inside = new Uint8Array(height * width);
    for (let y = box.top; y < box.bottom; y++) inside.fill(1, y * width + box.left, y * width + box.right);
    const mask = tensor(inside, { shape: [1, 1, height, width], device: first.device }).ne(0);
    return second.where(mask.expand(first.shape), first);
  });
}
