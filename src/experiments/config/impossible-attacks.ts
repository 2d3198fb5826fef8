// Attacks that do not support the configured norm or radius: refused before hours of training, not after.
import type { z } from "zod";
import { attacksThatTake, attackTakes, evaluationAttack } from "../../attacks/index.js";
import { type Problem, show } from "./problems.js";
import type { experimentSchema } from "./schema.js";

type Parsed = Pick<z.output<typeof experimentSchema>, "evaluation" | "training">;

/** One problem for each attack that the evaluation's budget makes impossible, and for a step size that none of the attacks uses. */
export function impossibleAttacks({ evaluation, training }: Parsed): Problem[] {
  const { norm, epsilon, stepSize } = evaluation;
  const listed = evaluation.attacks.map((name, i) => ({ key: `evaluation.attacks[${i}]`, name }));
  const all = [...listed, { key: "training.evaluationAttack", name: training.evaluationAttack }];
  if (stepSize !== null && all.every(({ name }) => !attackTakes(name, "stepSize"))) {
    const names = [...new Set(all.map(({ name }) => name))].join(", ");
    const text = `is ${stepSize}, but none of ${names} takes a step size; accepted with it: ${attacksThatTake("stepSize")}.`;
    return [{ key: "evaluation.stepSize", text }];
  }
  return all.flatMap(({ key, name }) => {
    try {
      evaluationAttack(name, {
        norm,
        ...(epsilon !== null && { epsilon }),
        ...(stepSize !== null && attackTakes(name, "stepSize") && { stepSize }),
      });
      return [];
    } catch (error) {
      return [{ key, text: `is ${show(name)}, but ${(error as Error).message}.` }];
    }
  });
}
