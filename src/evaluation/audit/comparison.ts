// Compares two attacks on the same images: how much further one goes, and how much of that may be chance.

/** For each image whether it is still classified correctly under an attack. */
export type Standing = readonly boolean[];

/** The second attack against the first. */
export interface Comparison {
  /** Share of the images that stand under the first and under the second. */
  readonly first: number;
  readonly second: number;
  /** first − second: positive where the second attack is the stronger one. */
  readonly gain: number;
  /**
   * Binomial standard error of `gain` if neither attack were stronger: of the images on which they disagree, each would
   * then favour either with probability ½ (McNemar 1947), which leaves √(images they disagree on)/images.
   */
  readonly standardError: number;
}

export function compare(first: Standing, second: Standing): Comparison {
  const count = first.length;
  const disagreed = first.filter((stands, i) => stands !== second[i]).length;
  const [a, b] = [share(first), share(second)];
  return { first: a, second: b, gain: a - b, standardError: Math.sqrt(disagreed) / count };
}

/** Share of true entries. */
export function share(flags: Standing): number {
  return flags.filter(Boolean).length / flags.length;
}

/** Differences below this share of the images decide nothing, however many images there are. */
export const leastDifference = 0.02;

/** What a difference must exceed: two standard errors, and two percentage points. */
export function noiseOf({ standardError }: Comparison): number {
  return Math.max(2 * standardError, leastDifference);
}
