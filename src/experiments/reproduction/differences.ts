// Means over seeds and paired differences with their standard errors, and what they allow to say.

/** A mean over runs; `standardError` is s/√n with s over n − 1, null for one run. */
export interface MeanOfRuns {
  readonly mean: number;
  readonly standardError: number | null;
  readonly runs: number;
}

/** What a difference says. */
export type DifferenceVerdict = "higher" | "lower" | "none told" | "one run" | "not measured";

/** The mean of numbers; null where there is none. */
export function meanOfRuns(values: readonly number[]): MeanOfRuns | null {
  const runs = values.length;
  if (runs === 0) return null;
  const mean = values.reduce((sum, value) => sum + value, 0) / runs;
  if (runs === 1) return { mean, standardError: null, runs };
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, standardError: Math.sqrt(squares / (runs - 1) / runs), runs };
}

/** Differences of figures by seed; seeds that one side lacks are left out. */
export function pairedDifference(
  ours: ReadonlyMap<number, number>,
  baseline: ReadonlyMap<number, number>,
): MeanOfRuns | null {
  const both = [...ours].flatMap(([seed, value]) => {
    const other = baseline.get(seed);
    return other === undefined ? [] : [value - other];
  });
  return meanOfRuns(both);
}

/** Student's t for 95 % of both sides, by degrees of freedom from 1; beyond them the last is near enough to the next. */
const t95 = [
  ...[
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131,
  ],
  ...[2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042],
];

/**
 * Half the width of the 95 % interval of a mean, by Student's t.
 * @param standardError of the mean, at least 0
 * @param runs that the mean is over, at least 2
 */
export function intervalReach(standardError: number, runs: number): number {
  return t95[Math.min(runs - 1, t95.length) - 1]! * standardError;
}

/** What differences that are all alike still differ by: less than any accuracy's step. */
const rounding = 1e-9;

/**
 * Whether 0 lies outside the 95 % interval of a paired difference, by Student's t. Where the differences of all runs are alike, as those of
 * accuracies on few images may be by chance, they do not tell how far a seed moves them, and so not whether it is more than none.
 */
export function differenceVerdict(difference: MeanOfRuns | null): DifferenceVerdict {
  if (difference === null) return "not measured";
  const { mean, standardError, runs } = difference;
  if (standardError === null) return "one run";
  if (standardError < rounding) return "none told";
  const reach = intervalReach(standardError, runs);
  if (mean > reach) return "higher";
  return mean < -reach ? "lower" : "none told";
}

const words: Readonly<Record<DifferenceVerdict, string>> = {
  higher: "higher",
  lower: "lower",
  "none told": "no difference can be told",
  "one run": "one run tells no difference",
  "not measured": "not measured",
};

/**
 * "REAT − PGD-AT, AutoAttack: +0.4 ± 0.6, n = 3: no difference can be told".
 * @param unit written after the numbers, such as " s"
 */
export function differenceSentence(
  [row, baseline, column]: readonly [row: string, baseline: string, column: string],
  difference: MeanOfRuns | null,
  unit = "",
): string {
  const of = `${row} − ${baseline}, ${column}`;
  const verdict = words[differenceVerdict(difference)];
  if (difference === null) return `${of}: ${verdict}`;
  const { mean, standardError, runs } = difference;
  const spread = standardError === null ? "" : ` ± ${standardError.toFixed(2)}`;
  return `${of}: ${signed(mean)}${spread}${unit}, n = ${runs}: ${verdict}`;
}

/** "+0.40", "−1.20", "0.00". */
export function signed(value: number): string {
  const text = Math.abs(value).toFixed(2);
  if (text === "0.00") return text;
  return `${value < 0 ? "−" : "+"}${text}`;
}
