// Check: one step of the whole radius does not beat many small ones.
import { fgsm } from "../../attacks/index.js";
import { type AuditCheck, notStronger } from "./check.js";

export const singleStep: AuditCheck = {
  name: "single-step",
  title: "iterative attacks beat single-step ones",
  source: "Athalye et al. 2018, §3.1; Carlini et al. 2019",
  tells: "gradients",

  cost: () => 1,

  async run(subject) {
    const { norm, epsilon } = subject.options;
    return notStronger(await subject.plain(), await subject.under(fgsm({ norm, epsilon }), 1), {
      first: `pgd-${subject.steps}`,
      second: "fgsm",
      stronger: "one step goes further than many, so the steps are led astray",
      notStronger: "small steps lead at least as far as a single one",
    });
  },
};
