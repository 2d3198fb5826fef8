// Check: more steps never leave more images standing.
import { type AuditCheck, notStronger } from "./check.js";

/** Of the longer attack, over those of the plain one: 20 become 100. */
const factor = 5;

export const moreSteps: AuditCheck = {
  name: "more-steps",
  title: "more steps never help the defender",
  source: "Carlini et al. 2019; Tramèr et al. 2020",

  cost: ({ steps }) => factor * steps,

  async run(subject) {
    const steps = factor * subject.steps;
    const longer = await subject.under(subject.pgd(`pgd-${steps}`, { steps }), steps);
    return notStronger(longer, await subject.plain(), {
      first: `pgd-${steps}`,
      second: `pgd-${subject.steps}`,
      stronger: "longer attacks end at worse points, so the gradients do not lead uphill",
      notStronger: "more steps do not help the defender",
    });
  },
};
