// Check: an attack does not depend on where it happens to start.
import type { AuditCheck } from "./check.js";
import { againstPlain } from "./overstatement.js";

const restarts = 5;

export const randomRestarts: AuditCheck = {
  name: "random-restarts",
  title: "random restarts change little",
  source: "Mosbach et al. 2018; Carlini et al. 2019",
  tells: "attack",

  cost: ({ steps }) => restarts * steps,

  async run(subject) {
    const name = `pgd-${subject.steps}`;
    const again = await subject.under(subject.pgd(`${name}-restarts`, { restarts }), this.cost(subject));
    const best = {
      quote: `${name} --restarts ${restarts}`,
      name: `${name}-best-of-${restarts}`,
      standing: again,
    };
    return againstPlain(await subject.clean(), await subject.plain(), [best], {
      first: name,
      threshold: (noise) =>
        `the best of ${restarts} starts leaves at most ${noise} less than one (two standard errors, at least two points)`,
      pass: "Starting elsewhere leads equally far.",
      because: "how far the attack goes is decided by where it starts, so the loss surface is rugged",
    });
  },
};
