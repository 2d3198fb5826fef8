// Median and quartiles of repeated measurements, and ratios of pairs measured in turns.

/** A quantity measured several times. */
export interface Spread {
  readonly median: number;
  readonly lowerQuartile: number;
  readonly upperQuartile: number;
  readonly least: number;
  readonly most: number;
}

/** @param values at least one; @param share from 0 to 1, interpolated between neighbours */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new RangeError("a quantile needs at least one value");
  const sorted = [...values].sort((a, b) => a - b);
  const place = share * (sorted.length - 1);
  const [below, above] = [sorted[Math.floor(place)]!, sorted[Math.ceil(place)]!];
  return below + (above - below) * (place - Math.floor(place));
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** @throws RangeError without values */
export function spread(values: readonly number[]): Spread {
  return {
    median: median(values),
    lowerQuartile: quantile(values, 0.25),
    upperQuartile: quantile(values, 0.75),
    least: Math.min(...values),
    most: Math.max(...values),
  };
}

/**
 * Spread of baseline over ours, pair by pair: what slows the machine down for a while slows both of a pair, so the
 * ratio of neighbours says more than the ratio of two medians.
 * @throws RangeError where the lists differ in length or are empty
 */
export function pairedRatio(numerators: readonly number[], denominators: readonly number[]): Spread {
  if (numerators.length !== denominators.length) {
    throw new RangeError(`${numerators.length} measurements cannot be paired with ${denominators.length}`);
  }
  return spread(numerators.map((value, i) => value / denominators[i]!));
}

/** The durations of repetitions, in order. */
export function secondsOf(repetitions: readonly { readonly seconds: number }[]): number[] {
  return repetitions.map(({ seconds }) => seconds);
}
