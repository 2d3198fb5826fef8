// Whether one run is more robust than another, as far as the images that both were measured on can tell.
import { z95 } from "./margins.js";
import { attacksOf, type Measurement, resultRows } from "./result-rows.js";
import { currentResults, type RunRecord } from "./run-record.js";

/** One run against another, under one attack. */
export interface Verdict {
  readonly attack: string;
  /** Fractions. */
  readonly first: number;
  readonly second: number;
  /** second − first, and the half-width of its 95 % interval. */
  readonly difference: number;
  readonly margin: number;
  /** How often chance alone would show a difference at least as large. */
  readonly p: number;
  readonly images: number;
  /** Images that only one of both answers, where it is known of each image; null where only the totals are. */
  readonly pairs: { readonly onlyFirst: number; readonly onlySecond: number } | null;
}

/**
 * The verdicts under every attack that both runs' best rows (else last) were measured under on as many images of one split.
 * Where AutoAttack tells of each image, McNemar's exact test on the pairs; otherwise the difference of two proportions,
 * which is cautious for runs measured on the same images.
 */
export function verdicts(first: RunRecord, second: RunRecord): Verdict[] {
  const [a, b] = [resultRows(first)[0], resultRows(second)[0]];
  if (!a || !b) return [];
  return attacksOf([a, b]).flatMap((attack) => {
    const [x, y] = [a, b].map((row) => row.measurements.find((m) => m.attack === attack));
    if (!x || !y || x.images !== y.images || x.split !== y.split || x.images === 0) return [];
    const pairs = pairsOf(first, second, x, y);
    return [pairs ? paired(x, y, pairs) : unpaired(x, y)];
  });
}

function unpaired(x: Measurement, y: Measurement): Verdict {
  const [p, q, n] = [x.figures.all, y.figures.all, x.images];
  const error = Math.sqrt((p * (1 - p) + q * (1 - q)) / n);
  const difference = q - p;
  const chance = error === 0 ? (difference === 0 ? 1 : 0) : 2 * upperTail(Math.abs(difference) / error);
  return {
    ...{ attack: x.attack, first: p, second: q, difference, margin: z95 * error },
    ...{ p: Math.min(1, chance), images: n, pairs: null },
  };
}

function paired(x: Measurement, y: Measurement, pairs: NonNullable<Verdict["pairs"]>): Verdict {
  const { onlyFirst: b, onlySecond: c } = pairs;
  const n = x.images;
  const difference = (c - b) / n;
  const error = Math.sqrt(Math.max(0, b + c - (c - b) ** 2 / n)) / n;
  return {
    ...{ attack: x.attack, first: x.figures.all, second: y.figures.all, difference, margin: z95 * error },
    ...{ p: mcNemar(b, c), images: n, pairs },
  };
}

function pairsOf(first: RunRecord, second: RunRecord, x: Measurement, y: Measurement): Verdict["pairs"] {
  const flagsOf = (record: RunRecord, { file }: Measurement) => {
    const result = [...currentResults(record, "best"), ...currentResults(record, "last")].find(
      (stored) => stored.file === file,
    );
    return result?.ensemble && result.content
      ? { flags: result.ensemble.robust, images: result.content.images }
      : null;
  };
  const [a, b] = [flagsOf(first, x), flagsOf(second, y)];
  if (!a || !b || a.images !== b.images || a.flags.length !== b.flags.length) return null;
  let [onlyFirst, onlySecond] = [0, 0];
  for (let i = 0; i < a.flags.length; i++) {
    if (a.flags[i] === b.flags[i]) continue;
    if (a.flags[i] === "1") onlyFirst += 1;
    else onlySecond += 1;
  }
  return { onlyFirst, onlySecond };
}

/** Two-sided exact test of b against c: McNemar, Psychometrika 12 (1947), with the binomial distribution itself. */
export function mcNemar(b: number, c: number): number {
  const n = b + c;
  if (n === 0) return 1;
  const smaller = Math.min(b, c);
  // Logarithms, because binomial coefficients of thousands leave the range of numbers.
  let term = -n * Math.LN2;
  let sum = Math.exp(term);
  for (let k = 1; k <= smaller; k++) {
    term += Math.log((n - k + 1) / k);
    sum += Math.exp(term);
  }
  return Math.min(1, 2 * sum);
}

/** Share of a standard normal distribution above x ≥ 0: Abramowitz and Stegun 26.2.17, within 7.5e-8. */
function upperTail(x: number): number {
  const t = 1 / (1 + 0.2316419 * x);
  const series =
    t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)) * series;
}
