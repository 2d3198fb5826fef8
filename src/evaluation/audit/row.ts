// What a check of an audit returns: a verdict, the figures it rests on, and where the check comes from.

/** "inconclusive": the check could not be made, or there was nothing to compare. */
/** The verdict of a check of an audit. */
export type AuditVerdict = "pass" | "fail" | "inconclusive";

/** What a check found. Fractions are from 0 to 1, accuracies among them. */
export interface Finding {
  readonly verdict: AuditVerdict;
  readonly measured: Readonly<Record<string, number>>;
  /** What decides the verdict, in words with the numbers. */
  readonly threshold: string;
  /** One sentence: what the figures say of this model. */
  readonly explanation: string;
}

/** A finding under the name of its check. */
export interface AuditRow extends Finding {
  /** Stable, such as "single-step". */
  readonly name: string;
  /** What should hold, in a few words. */
  readonly title: string;
  /** The papers that ask for the check. */
  readonly source: string;
}

/** 0.4213 → "42.1 %". */
export function percent(fraction: number): string {
  return `${(100 * fraction).toFixed(1)} %`;
}
