// Check: an attack that sees no gradients is not the stronger one.
import { square } from "../../attacks/index.js";
import { type AuditCheck, notStronger } from "./check.js";

export const blackBox: AuditCheck = {
  name: "black-box",
  title: "attacks without gradients are not stronger",
  source: "Athalye et al. 2018, §3.1; Andriushchenko et al. 2020 (Square)",
  tells: "gradients",

  // A query is a forward pass, which costs slightly less than half of a gradient.
  cost: ({ queries }) => 0.4 * queries,

  async run(subject) {
    const { norm, epsilon } = subject.options;
    const { queries } = subject;
    const blind = square({ name: `square-${queries}`, norm, epsilon, queries });
    return notStronger(await subject.plain(), await subject.under(blind, this.cost(subject)), {
      first: `pgd-${subject.steps}`,
      second: `square-${queries}`,
      stronger: "random changes go further than gradients, so the gradients mislead",
      notStronger: "gradients lead at least as far as random changes",
    });
  },
};
