// Check: a factor on the logits, which changes no prediction, makes no attack stronger.
import { crossEntropyObjective, withLogitScale } from "../../attacks/index.js";
import type { AuditCheck } from "./check.js";
import { againstPlain, type StrongerAttack } from "./overstatement.js";

const factors = [0.1, 10, 100] as const;

/**
 * Scaled attacks that are weaker are measured but do not count against a model: with a large factor the softmax of any
 * confident model rounds to 0 and 1, and the cross entropy has no gradient left.
 */
export const logitScale: AuditCheck = {
  name: "logit-scale",
  title: "a factor on the logits makes no attack stronger",
  source: "the adaptive attack on RoBal of the REAT paper (tables 3, 4 and 13); Carlini and Wagner 2017",
  tells: "attack",

  cost: ({ steps }) => factors.length * steps,

  async run(subject) {
    const { steps } = subject;
    const attacks: StrongerAttack[] = [];
    for (const factor of factors) {
      const attack = subject.pgd(`pgd-${steps}-x${factor}`, {
        objective: withLogitScale(crossEntropyObjective, factor),
      });
      attacks.push({
        quote: `pgd-${steps} --logit-scale ${factor}`,
        name: `accuracy x${factor}`,
        standing: await subject.under(attack, steps),
      });
    }
    return againstPlain(await subject.clean(), await subject.plain(), attacks, {
      first: "accuracy x1",
      threshold: (noise) =>
        `no factor of ${factors.join(", ")} leaves more than ${noise} less than factor 1 (two standard errors, at least two points)`,
      pass: "No factor makes the attack stronger beyond noise.",
      because:
        "the figure without it depends on the size of the logits, as the margin and DLR (cw, apgd-t, autoattack) do not",
    });
  },
};
