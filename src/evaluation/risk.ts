// Natural and boundary risk by class, and whether Theorem 1 of REAT (arXiv 2307.10205) applies to them.
import { ReatError } from "../errors.js";
import type { AccuracyReport } from "./accuracy.js";

/** Which share of the images is lost, and to what; each from 0 to 1. */
export interface Risk {
  /** Wrong when clean. */
  readonly natural: number;
  /** Right when clean, wrong under the attack. */
  readonly boundary: number;
  /** Both together: an image is robust if it is right when clean and under the attack. */
  readonly robust: number;
}

/** The names of the three risks. */
export const riskNames = ["natural", "boundary", "robust"] as const;
/** One of the three. */
export type RiskName = (typeof riskNames)[number];

/** Whether a risk falls as classes grow, and what follows for its two means. */
export interface RiskOrder {
  /** The theorem's assumption: of any two classes of unequal size, the larger one has no greater risk. */
  readonly assumption: boolean;
  /** Pairs of classes [larger, smaller] in which the larger one has the greater risk. */
  readonly against: readonly (readonly [number, number])[];
  /** Pairs of classes of unequal size. */
  readonly pairs: number;
  /** Whether the mean over classes is at least the weighted one; with the assumption it always is. */
  readonly bound: boolean;
}

/** Risks of a trained classifier under one attack. */
export interface RiskReport {
  /** By class id; null for a class without images, which is in no mean. */
  readonly perClass: readonly (Risk | null)[];
  /** Mean over classes: the risk on balanced data. */
  readonly mean: Risk;
  /** Mean weighted by the training images of each class: the risk on data that is long-tailed as the training set is. */
  readonly weighted: Risk;
  readonly order: Readonly<Record<RiskName, RiskOrder>>;
}

/** Rounding alone. */
const tolerance = 1e-12;

/**
 * Theorem 1 of REAT: robust risk is natural risk plus boundary risk, class by class. Where larger classes have smaller risks,
 * Chebyshev's sum inequality gives ∑ pᵢ Rᵢ ≤ (1/C) ∑ Rᵢ, with pᵢ the classes' shares of the training set: the mean over
 * classes is bounded from below by the weighted one.
 * @param clean without an attack
 * @param lost by class id: images right when clean and wrong under the attack
 * @param trainCounts training images by class id
 * @throws ReatError `data` where the numbers of classes differ, or a count is impossible
 */
export function riskReport(
  clean: AccuracyReport,
  lost: readonly number[],
  trainCounts: readonly number[],
): RiskReport {
  const classes = clean.perClass.length;
  if (lost.length !== classes || trainCounts.length !== classes) {
    throw new ReatError(
      "data",
      `Risks of ${classes} classes came with ${lost.length} counts of lost images and ${trainCounts.length} sizes of classes; all must be of the same classes.`,
    );
  }
  if (trainCounts.some((count) => !(count >= 0 && Number.isFinite(count)))) {
    throw new ReatError("data", `Sizes of classes are ${trainCounts.join(", ")}; each must be at least 0.`);
  }
  const perClass = clean.perClass.map(({ total, correct }, id): Risk | null => {
    const gone = lost[id]!;
    if (!Number.isInteger(gone) || gone < 0 || gone > correct) {
      throw new ReatError(
        "data",
        `Class ${id} is said to lose ${gone} images to the attack, and ${correct} of its ${total} are right when clean.`,
      );
    }
    if (total === 0) return null;
    const natural = (total - correct) / total;
    const boundary = gone / total;
    return { natural, boundary, robust: natural + boundary };
  });
  const known = perClass.flatMap((risk, id) => (risk ? [{ risk, size: trainCounts[id]!, id }] : []));
  if (known.length === 0) throw new ReatError("data", "There is no image to measure a risk on.");
  const trained = known.reduce((sum, { size }) => sum + size, 0);
  if (trained === 0) throw new ReatError("data", "None of the measured classes has training images.");
  const averaged = (weight: (size: number) => number): Risk => {
    const of = (name: RiskName) => known.reduce((sum, { risk, size }) => sum + weight(size) * risk[name], 0);
    return { natural: of("natural"), boundary: of("boundary"), robust: of("robust") };
  };
  const mean = averaged(() => 1 / known.length);
  const weighted = averaged((size) => size / trained);
  const orderOf = (name: RiskName): RiskOrder => {
    const against: [number, number][] = [];
    let pairs = 0;
    for (const larger of known) {
      for (const smaller of known) {
        if (larger.size <= smaller.size) continue;
        pairs += 1;
        if (larger.risk[name] > smaller.risk[name]) against.push([larger.id, smaller.id]);
      }
    }
    const bound = mean[name] >= weighted[name] - tolerance;
    return { assumption: against.length === 0, against, pairs, bound };
  };
  return {
    ...{ perClass, mean, weighted },
    order: { natural: orderOf("natural"), boundary: orderOf("boundary"), robust: orderOf("robust") },
  };
}

/** What an order says, as a sentence. */
export function orderSentence(name: RiskName, { assumption, against, pairs, bound }: RiskOrder): string {
  if (pairs === 0) return `${name}: all classes are of one size, so the two means are the same.`;
  if (assumption) {
    return `${name}: the assumption holds, larger classes never err more; so the mean over classes is at least the weighted one (Chebyshev).`;
  }
  const means = bound
    ? "the mean over classes is still at least the weighted one"
    : "the mean over classes is below the weighted one";
  return `${name}: the assumption does not hold, the larger class errs more in ${against.length} of ${pairs} pairs; ${means}.`;
}
