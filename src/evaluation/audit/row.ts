// What a check of an audit returns: a verdict, the figures it rests on, and where the check comes from.

/** Of a model. "inconclusive": the checks could not be made, or there was nothing to compare. */
export type AuditVerdict = "pass" | "fail" | "inconclusive";

/** What a check came to. "overstates": the plain attack's figure is too high, which says nothing against the model. */
export type RowVerdict = AuditVerdict | "overstates";

/** An attack whose figure is to be quoted in place of the plain one's. */
export interface QuotedAttack {
  /** As `reat eval` takes it: "cw-20", or "pgd-20 --logit-scale 10". */
  readonly attack: string;
  /** Of the audit's images, from 0 to 1. */
  readonly accuracy: number;
}

/** What a check found. Fractions are from 0 to 1, accuracies among them. */
export interface Finding {
  readonly verdict: RowVerdict;
  /** The stronger attack, where the plain one overstates. */
  readonly quote?: QuotedAttack;
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
