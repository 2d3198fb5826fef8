// Draws the long-tailed training subset, and before it the validation images, as lists of image indices.
import { createHash } from "node:crypto";
import { ReatError } from "../../errors.js";
import { indicesByClass } from "../dataset.js";
import { MersenneTwister } from "../mersenne-twister.js";
import { classCounts, type Profile, profileNames } from "./profiles.js";

/** Which long-tailed subset is drawn. */
export interface SubsetOptions {
  readonly profile: Profile;
  /** UR; not used by `natural`. Default 50. */
  readonly unbalancedRatio?: number;
  /** n_max; by default the largest class after the validation images are gone. */
  readonly maxPerClass?: number;
  /** Seed of the subset's stream, 0 to 2³²−1. The field's subsets use 0, the default. */
  readonly seed?: number;
  /**
   * `shuffled` (default) takes the first n_k of a shuffle of the class's images, as the field does; `first` takes the first
   * n_k in dataset order, for data that was shuffled and cut beforehand.
   */
  readonly selection?: "shuffled" | "first";
  /** Images of each class to set aside for validation before the subset is drawn. Default 0. */
  readonly validationPerClass?: number;
  /** Seed of the validation stream, separate from the subset's. Default 0. */
  readonly validationSeed?: number;
}

/** The drawn indices into the training split, and what a run records about them. */
export interface Subset {
  /** Selected training images: class by class in label order, within a class in the order drawn. */
  readonly train: Uint32Array;
  /** Images set aside, the same order; never in `train`. */
  readonly validation: Uint32Array;
  /** n_k by class id. */
  readonly counts: readonly number[];
  /**
   * SHA-256 over the class sizes and the positions within each class of both lists. Positions within the class do not
   * depend on how a format orders its classes, so every form of the same data gives the same hash.
   */
  readonly hash: string;
}

/**
 * Draws the subset of LDAM's code: one MT19937 stream, the classes in label order, each class's indices in dataset order
 * shuffled, the first n_k kept. With validation images, the pool is what they leave, still in dataset order.
 * @param labels class ids of the whole training split
 * @throws ReatError `config` for impossible options, `data` where a class has too few images.
 */
export function drawSubset(
  labels: ArrayLike<number>,
  classNames: readonly string[],
  options: SubsetOptions,
): Subset {
  const { profile, unbalancedRatio = 50, seed = 0, selection = "shuffled" } = options;
  const { validationPerClass = 0, validationSeed = 0 } = options;
  if (!profileNames.includes(profile)) {
    throw new ReatError(
      "config",
      `The profile "${String(profile)}" is unknown; accepted: ${profileNames.join(", ")}.`,
    );
  }
  if (!Number.isInteger(validationPerClass) || validationPerClass < 0) {
    throw new ReatError(
      "config",
      `${validationPerClass} validation images per class were asked for; it must be a whole number from 0.`,
    );
  }
  const classes = classNames.length;
  const pools = positionsByClass(labels, classes);
  const { kept, setAside } = splitOff(pools, classNames, validationPerClass, validationSeed);

  const sizes = kept.map((pool) => pool.length);
  const maxPerClass = options.maxPerClass ?? sizes.reduce((a, b) => Math.max(a, b), 0);
  const counts =
    profile === "natural" ? sizes : classCounts({ profile, classes, maxPerClass, unbalancedRatio });
  for (let k = 0; k < classes; k++) {
    if (counts[k]! > sizes[k]!) {
      const aside = validationPerClass > 0 ? ` after ${validationPerClass} are set aside for validation` : "";
      throw new ReatError(
        "data",
        `Class "${classNames[k]}" has ${sizes[k]} images${aside}, but the ${profile} profile takes ${counts[k]}; ` +
          "a smaller largest class (maxPerClass) or the natural profile would fit.",
      );
    }
  }

  const stream = new MersenneTwister(seed);
  const chosen = kept.map((pool, k) => {
    // Every class is shuffled in full, whatever it keeps: the stream's position for the next class depends on it.
    const order = selection === "shuffled" ? stream.shuffle(pool.slice()) : pool;
    return order.subarray(0, counts[k]!);
  });
  const byClass = indicesByClass(labels, classes);
  return {
    train: toIndices(chosen, byClass),
    validation: toIndices(setAside, byClass),
    counts,
    hash: hashPositions(chosen, setAside),
  };
}

function positionsByClass(labels: ArrayLike<number>, classes: number): Uint32Array[] {
  return indicesByClass(labels, classes).map((list) => Uint32Array.from(list.keys()));
}

function splitOff(pools: Uint32Array[], classNames: readonly string[], perClass: number, seed: number) {
  if (perClass === 0) return { kept: pools, setAside: pools.map(() => new Uint32Array(0)) };
  const stream = new MersenneTwister(seed);
  const setAside = pools.map((pool, k) => {
    if (pool.length <= perClass) {
      throw new ReatError(
        "data",
        `Class "${classNames[k]}" has ${pool.length} images, so ${perClass} cannot be set aside for validation with any left to train on.`,
      );
    }
    return stream.shuffle(pool.slice()).subarray(0, perClass);
  });
  const kept = pools.map((pool, k) => {
    const gone = new Set(setAside[k]);
    return pool.filter((position) => !gone.has(position));
  });
  return { kept, setAside };
}

function toIndices(positions: Uint32Array[], byClass: Uint32Array[]): Uint32Array {
  const all = new Uint32Array(positions.reduce((n, list) => n + list.length, 0));
  let at = 0;
  positions.forEach((list, k) => {
    for (const position of list) all[at++] = byClass[k]![position]!;
  });
  return all;
}

function hashPositions(...lists: Uint32Array[][]): string {
  const hash = createHash("sha256");
  for (const list of lists) {
    for (const positions of list) {
      const bytes = new DataView(new ArrayBuffer(4 * (positions.length + 1)));
      bytes.setUint32(0, positions.length, true);
      positions.forEach((position, i) => {
        bytes.setUint32(4 * (i + 1), position, true);
      });
      hash.update(bytes);
    }
  }
  return hash.digest("hex");
}
