// Check: examples made on another model are not the stronger ones.
import { transferAttack } from "../../attacks/index.js";
import { type AuditCheck, notStronger } from "./check.js";

export const transfer: AuditCheck = {
  name: "transfer",
  title: "examples made on another model are weaker",
  source: "Papernot et al. 2017; Athalye et al. 2018, §3.1; Tramèr et al. 2018",
  tells: "gradients",

  cost: ({ steps, surrogate }) => (surrogate === null ? 0 : steps),

  async run(subject) {
    if (subject.surrogate === null) {
      return {
        verdict: "inconclusive",
        measured: {},
        threshold: "a second model is needed, best an undefended one of the same task",
        explanation: "No second model was named, so nothing was transferred.",
      };
    }
    const attack = transferAttack(subject.surrogate, subject.pgd(`pgd-${subject.steps}`));
    return notStronger(await subject.plain(), await subject.under(attack, subject.steps), {
      first: `pgd-${subject.steps}`,
      second: attack.name,
      stronger: "another model's gradients go further than its own, which therefore mislead",
      notStronger: "its own gradients lead at least as far as another model's",
    });
  },
};
