// How many images each class keeps in a long-tailed set, and which classes count as head, body and tail.
import { ReatError } from "../../errors.js";

/** `natural` keeps what is there; the others are defined by {@link classCounts}. */
export const profileNames = ["exponential", "linear", "step", "balanced-small", "natural"] as const;
/** How the sizes of the classes fall, from the largest to the smallest. */
export type Profile = (typeof profileNames)[number];

/** The shape of a long-tailed set. */
export interface ProfileOptions {
  readonly profile: Exclude<Profile, "natural">;
  /** C, at least 1. */
  readonly classes: number;
  /** n_max, the images of the largest class. */
  readonly maxPerClass: number;
  /** UR = n_0 / n_{C−1}, at least 1. */
  readonly unbalancedRatio: number;
}

/**
 * Images per class, class 0 the largest.
 *
 * - `exponential`: n_k = ⌊n_max · (1/UR)^{k/(C−1)}⌋ in float64 (the CIFAR-LT sets of LDAM and of the REAT paper).
 * - `linear`: n_k = n_max − (n_max − n_max/UR)·k/(C−1), rounded (the paper's Tiny-ImageNet-LT: 500 down to 5, UR = 100).
 * - `step`: the first ⌊C/2⌋ classes n_max, the others ⌊n_max/UR⌋.
 * - `balanced-small`: as many images in total as `exponential` has, spread evenly; the remainder is given to
 *   the first classes, one image each.
 *
 * @throws ReatError `config` for an impossible value, or where a class would keep no image.
 */
export function classCounts(options: ProfileOptions): number[] {
  const { classes, maxPerClass, unbalancedRatio } = options;
  if (!Number.isInteger(classes) || classes < 1) {
    throw new ReatError(
      "config",
      `The number of classes is ${classes}; it must be a whole number of at least 1.`,
    );
  }
  if (!Number.isInteger(maxPerClass) || maxPerClass < 1) {
    throw new ReatError(
      "config",
      `The largest class is given ${maxPerClass} images; it must be a whole number of at least 1.`,
    );
  }
  if (!Number.isFinite(unbalancedRatio) || unbalancedRatio < 1) {
    throw new ReatError(
      "config",
      `The unbalanced ratio is ${unbalancedRatio}; it must be a number of at least 1.`,
    );
  }
  const counts = countsOf(options);
  const empty = counts.findIndex((n) => n < 1);
  if (empty >= 0) {
    throw new ReatError(
      "config",
      `With ${maxPerClass} images in the largest class and an unbalanced ratio of ${unbalancedRatio}, class ${empty} would keep none; ` +
        `the ratio can be at most ${maxPerClass}.`,
    );
  }
  return counts;
}

function countsOf({ profile, classes, maxPerClass, unbalancedRatio }: ProfileOptions): number[] {
  const ratio = 1 / unbalancedRatio;
  const along = (k: number) => (classes === 1 ? 0 : k / (classes - 1));
  const each = (count: (k: number) => number) => Array.from({ length: classes }, (_, k) => count(k));
  switch (profile) {
    case "exponential":
      return each((k) => Math.trunc(maxPerClass * ratio ** along(k)));
    case "linear":
      return each((k) => Math.round(maxPerClass - (maxPerClass - maxPerClass * ratio) * along(k)));
    case "step":
      // NOTE(official-code): with an odd C the field's code drops the last class; here it joins the small half.
      return each((k) =>
        k < Math.max(1, Math.floor(classes / 2)) ? maxPerClass : Math.trunc(maxPerClass * ratio),
      );
    case "balanced-small": {
      const total = sum(countsOf({ profile: "exponential", classes, maxPerClass, unbalancedRatio }));
      return each((k) => Math.floor(total / classes) + (k < total % classes ? 1 : 0));
    }
    default:
      throw new ReatError(
        "config",
        `The profile "${String(profile)}" is unknown; accepted: ${profileNames.join(", ")}.`,
      );
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** The groups of classes by size in the training set. */
export const classGroupNames = ["head", "body", "tail"] as const;
/** The group of a class by its size in the training set. */
export type ClassGroup = (typeof classGroupNames)[number];

/** Where the tail starts: `paper` at ⌈2C/3⌉; `reference`, the authors' code, at 2⌊C/3⌋+1 (one less for C = 200). */
export type TailRule = "paper" | "reference";

/** The first class rank of the body and of the tail; classes are ranked by size, largest first. */
export function groupBounds(classes: number, rule: TailRule = "paper"): { body: number; tail: number } {
  // Two classes have no middle third: the larger is the head, the smaller the tail.
  if (classes === 2 && rule === "paper") return { body: 1, tail: 1 };
  const third = Math.floor(classes / 3);
  const tail = rule === "paper" ? Math.ceil((2 * classes) / 3) : Math.min(2 * third + 1, classes);
  return { body: third, tail };
}

/**
 * The group of each class, by class id. Ranks come from the counts, largest first, equal counts in class-id order, so
 * sets whose classes are not sorted by size are grouped by size all the same.
 */
export function classGroups(counts: readonly number[], rule: TailRule = "paper"): ClassGroup[] {
  const { body, tail } = groupBounds(counts.length, rule);
  const groups = new Array<ClassGroup>(counts.length);
  const ranked = counts.map((_, k) => k).sort((a, b) => counts[b]! - counts[a]! || a - b);
  ranked.forEach((k, rank) => {
    groups[k] = rank < body ? "head" : rank < tail ? "body" : "tail";
  });
  return groups;
}
