// Check: a factor on the logits, which changes no prediction, makes no attack stronger.
import { crossEntropyObjective, withLogitScale } from "../../attacks/index.js";
import type { AuditCheck } from "./check.js";
import { compare, noiseOf, share } from "./comparison.js";
import { percent } from "./row.js";

const factors = [0.1, 10, 100] as const;

/**
 * Scaled attacks that are weaker are measured but do not count against a model: with a large factor the softmax of any
 * confident model rounds to 0 and 1, and the cross entropy has no gradient left.
 */
export const logitScale: AuditCheck = {
  name: "logit-scale",
  title: "a factor on the logits makes no attack stronger",
  source: "the adaptive attack on RoBal of the REAT paper (tables 3, 4 and 13); Carlini and Wagner 2017",

  cost: ({ steps }) => factors.length * steps,

  async run(subject) {
    const plain = await subject.plain();
    const measured: Record<string, number> = { "accuracy x1": share(plain) };
    let [worst, strongest] = [compare(plain, plain), 1];
    for (const factor of factors) {
      const objective = withLogitScale(crossEntropyObjective, factor);
      const attack = subject.pgd(`pgd-${subject.steps}-x${factor}`, { objective });
      const standing = await subject.under(attack, subject.steps);
      const compared = compare(plain, standing);
      measured[`accuracy x${factor}`] = compared.second;
      if (compared.gain > worst.gain) [worst, strongest] = [compared, factor];
    }
    const noise = noiseOf(worst);
    const verdict = worst.first === 0 ? "inconclusive" : worst.gain > noise ? "fail" : "pass";
    return {
      verdict,
      measured: { ...measured, gain: worst.gain, standardError: worst.standardError },
      threshold: `no factor of ${factors.join(", ")} leaves more than ${percent(noise)} less than factor 1 (two standard errors, at least two points)`,
      explanation: {
        pass: "No factor makes the attack stronger beyond noise.",
        fail: `With the logits times ${strongest} the attack leaves ${percent(worst.second)} instead of ${percent(worst.first)}: the figure without it depends on the size of the logits. Attacks on the margin and on DLR (cw, apgd-t, autoattack) do not depend on it.`,
        inconclusive: "No image stands under the plain attack, so nothing can be compared.",
      }[verdict],
    };
  },
};
