// Check: an attack does not depend on where it happens to start.
import { type AuditCheck, notStronger } from "./check.js";

const restarts = 5;

export const randomRestarts: AuditCheck = {
  name: "random-restarts",
  title: "random restarts change little",
  source: "Mosbach et al. 2018; Carlini et al. 2019",

  cost: ({ steps }) => restarts * steps,

  async run(subject) {
    const name = `pgd-${subject.steps}`;
    const again = await subject.under(subject.pgd(`${name}-restarts`, { restarts }), this.cost(subject));
    return notStronger(await subject.plain(), again, {
      first: name,
      second: `${name}-best-of-${restarts}`,
      stronger: "how far the attack goes is decided by where it starts, so the loss surface is rugged",
      notStronger: "starting elsewhere leads equally far",
    });
  },
};
