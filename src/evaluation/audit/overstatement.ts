// Tells an attack that overstates a model's robustness from a model that hides from attacks.
import { type Comparison, compare, noiseOf, type Standing, share } from "./comparison.js";
import { type Finding, percent } from "./row.js";

/**
 * A model fails, not only the figure, where both hold: the plain attack finds less than half of the images that the stronger
 * one fools, and the figure falls by at least ten points. So fares a cosine classifier that was trained with PGD on a cross
 * entropy too flat to see by: what it learnt is to stand under that attack. A network that was trained with another loss than
 * the attack's loses a few points of many that the attack does find.
 */
const hidden = { foundShare: 0.5, gain: 0.1 };

/** An attack beside the plain one. */
export interface StrongerAttack {
  /** As `reat eval` would be asked for it, such as "pgd-20 --logit-scale 10". */
  readonly quote: string;
  /** Of its accuracy in `measured`. */
  readonly name: string;
  readonly standing: Standing;
}

/** How an overstatement is told. */
export interface OverstatementTexts {
  /** The plain attack in `measured`. */
  readonly first: string;
  readonly threshold: (noise: string) => string;
  readonly pass: string;
  /** Why the plain attack's figure is too high. */
  readonly because: string;
}

/** The strongest of several attacks against the plain one, on the same images. */
export function againstPlain(
  clean: Standing,
  plain: Standing,
  attacks: readonly StrongerAttack[],
  { first, threshold, pass, because }: OverstatementTexts,
): Finding {
  const compared = attacks.map((attack) => ({ attack, against: compare(plain, attack.standing) }));
  const worst = compared.reduce((most, each) => (each.against.gain > most.against.gain ? each : most));
  const { against } = worst;
  const noise = noiseOf(against);
  const figures = compared.map(({ attack, against: { second } }) => [attack.name, second] as const);
  const measured = {
    [first]: against.first,
    ...Object.fromEntries(figures),
    gain: against.gain,
    standardError: against.standardError,
  };
  const common = { measured, threshold: threshold(percent(noise)) };
  if (against.first === 0) {
    const explanation = "No image stands under the plain attack, so nothing can be compared.";
    return { ...common, verdict: "inconclusive", explanation };
  }
  if (against.gain <= noise) return { ...common, verdict: "pass", explanation: pass };
  const { quote } = worst.attack;
  const told = `${quote} leaves ${percent(against.second)} instead of ${percent(against.first)}: ${because}.`;
  const found = { attack: quote, accuracy: against.second };
  if (!hides(share(clean), against))
    return { ...common, verdict: "overstates", explanation: told, quote: found };
  const part = (share(clean) - against.first) / (share(clean) - against.second);
  const explanation = `${told} Of the images that it fools the plain attack finds only ${percent(part)}: the model stands under that attack by hiding from it.`;
  return { ...common, verdict: "fail", explanation, quote: found };
}

function hides(clean: number, { first, second, gain }: Comparison): boolean {
  return gain >= hidden.gain && clean - first < hidden.foundShare * (clean - second);
}
