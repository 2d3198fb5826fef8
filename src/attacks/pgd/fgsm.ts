// The fast gradient sign method (Goodfellow et al. 2015): one step of the whole radius.
import { z } from "zod";
import { ReatError } from "../../errors.js";
import type { Attack } from "../attack.js";
import { defineAttack, stepwiseNorms } from "../attack-entry.js";
import { type NormName, norms, requireBall } from "../geometry/index.js";
import { type AttackObjective, crossEntropyObjective } from "../objective.js";
import { pgd } from "./pgd.js";

/** Constants of FGSM; pixels are in [0, 1]. */
export interface FgsmOptions {
  /** Default: "fgsm". */
  readonly name?: string;
  readonly norm: NormName;
  /** Radius and length of the step, > 0. */
  readonly epsilon: number;
  /** Default: cross entropy. */
  readonly objective?: AttackObjective;
}

/**
 * x + ε · ascent(∇ₓ objective), clipped to [0, 1]; with l2 the step has length ε. There is no l1
 * form: its steepest step changes a single pixel.
 * @throws ReatError `config` when a constant is out of its range
 */
export function fgsm({
  name = "fgsm",
  norm,
  epsilon,
  objective = crossEntropyObjective,
}: FgsmOptions): Attack {
  if (!Object.hasOwn(norms, norm)) {
    throw new ReatError("config", `norm of attack ${name} must be linf or l2, got "${norm}".`);
  }
  return pgd({ name, norm, epsilon, stepSize: epsilon, steps: 1, start: "none", objective });
}

/** `fgsm`. */
export const fgsmEntry = defineAttack({
  name: "fgsm",
  description: "one step of the whole radius along the gradient's sign",
  paper: "Goodfellow et al., ICLR 2015, arXiv 1412.6572",
  norms: stepwiseNorms,
  schema: () => z.strictObject({}),
  build(_, { name, norm, epsilon }) {
    // Its step is its radius, and a step of length 0 does nothing.
    requireBall(name, norm, epsilon);
    return { constants: { algorithm: "fgsm" }, attack: fgsm({ name, norm: norm as NormName, epsilon }) };
  },
});
