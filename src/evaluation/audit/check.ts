// What every check of an audit is, and the shape that most of them share: one attack against another.
import { compare, noiseOf, type Standing } from "./comparison.js";
import { type Finding, percent } from "./row.js";
import type { AuditSubject } from "./subject.js";

/** A check of the gradient-masking literature. */
export interface AuditCheck {
  readonly name: string;
  readonly title: string;
  readonly source: string;
  /**
   * "gradients": its failure is a sign of masked gradients, and the model's. "attack": it asks whether the plain attack
   * overstates, and its failure is the figure's.
   */
  readonly tells: "gradients" | "attack";
  /** Work of its own, in gradients per image, to estimate the time left; attacks that other checks need too are not counted. */
  cost(subject: AuditSubject): number;
  run(subject: AuditSubject): Promise<Finding>;
}

/** The texts of a comparison. */
export interface ComparisonTexts {
  /** Names of both accuracies in `measured`. */
  readonly first: string;
  readonly second: string;
  /** What it means if the second is stronger beyond noise, and if it is not. */
  readonly stronger: string;
  readonly notStronger: string;
}

/** Fails where the second attack is stronger than the first beyond noise. */
export function notStronger(first: Standing, second: Standing, texts: ComparisonTexts): Finding {
  const compared = compare(first, second);
  const noise = noiseOf(compared);
  const fails = compared.gain > noise;
  const verdict = fails ? "fail" : compared.first === 0 ? "inconclusive" : "pass";
  const figures = `${texts.second} leaves ${percent(compared.second)}, ${texts.first} ${percent(compared.first)}`;
  return {
    verdict,
    measured: {
      [texts.first]: compared.first,
      [texts.second]: compared.second,
      gain: compared.gain,
      standardError: compared.standardError,
    },
    threshold: `${texts.second} leaves at most ${percent(noise)} less than ${texts.first} (two standard errors, at least two points)`,
    explanation:
      verdict === "inconclusive"
        ? `No image stands under ${texts.first}, so nothing can be compared.`
        : `${figures}: ${fails ? texts.stronger : texts.notStronger}.`,
  };
}
