// Check: more steps change little, and never leave more images standing.
import { type AuditCheck, notStronger } from "./check.js";
import { againstPlain } from "./overstatement.js";

/** Of the longer attack, over those of the plain one: 20 become 100. */
const factor = 5;

export const moreSteps: AuditCheck = {
  name: "more-steps",
  title: "more steps change little, and never help the defender",
  source: "Carlini et al. 2019; Tramèr et al. 2020",
  tells: "attack",

  cost: ({ steps }) => factor * steps,

  async run(subject) {
    const steps = factor * subject.steps;
    const [first, name] = [`pgd-${subject.steps}`, `pgd-${steps}`];
    const longer = await subject.under(subject.pgd(name, { steps }), steps);
    const plain = await subject.plain();
    const weaker = notStronger(longer, plain, {
      first: name,
      second: first,
      stronger: "longer attacks end at worse points, so the gradients do not lead uphill",
      notStronger: "more steps do not help the defender",
    });
    if (weaker.verdict === "fail") return weaker;
    return againstPlain(await subject.clean(), plain, [{ quote: name, name, standing: longer }], {
      first,
      threshold: (noise) =>
        `${name} leaves at most ${noise} less than ${first}, and no more beyond noise (two standard errors, at least two points)`,
      pass: "More steps lead no further, and do not help the defender.",
      because: "the plain attack stops before it is done",
    });
  },
};
