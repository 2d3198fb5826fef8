// Check: the plain attack's objective is not the reason that images stand.
import { marginObjective } from "../../attacks/index.js";
import type { AuditCheck } from "./check.js";
import { againstPlain } from "./overstatement.js";

/**
 * The margin between the right logit and the best wrong one says when an image is fooled, whatever the model was trained with;
 * the cross entropy is a weak guide on models trained with another loss, such as balanced softmax.
 */
export const objective: AuditCheck = {
  name: "objective",
  title: "another objective makes no attack stronger",
  source: "Carlini and Wagner 2017; Croce and Hein 2020",
  tells: "attack",

  cost: ({ steps }) => steps,

  async run(subject) {
    const { steps } = subject;
    const name = `cw-${steps}`;
    const attack = subject.pgd(name, { objective: marginObjective });
    const stronger = { quote: name, name, standing: await subject.under(attack, steps) };
    return againstPlain(await subject.clean(), await subject.plain(), [stronger], {
      first: `pgd-${steps}`,
      threshold: (noise) =>
        `${name}, on the margin, leaves at most ${noise} less than pgd-${steps} (two standard errors, at least two points)`,
      pass: "The margin leads no further than the cross entropy.",
      because: "the cross entropy is a weak objective against this model",
    });
  },
};
