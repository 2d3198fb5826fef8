// Attacks of a configuration that have not its norm, or cannot have its radius: told before a training of hours, not after.
import type { z } from "zod";
import { evaluationAttack } from "../../attacks/index.js";
import type { Problem } from "./problems.js";
import type { experimentSchema } from "./schema.js";

type Parsed = Pick<z.output<typeof experimentSchema>, "evaluation" | "training">;

/** One problem for each attack that the evaluation's budget makes impossible. */
export function impossibleAttacks({ evaluation, training }: Parsed): Problem[] {
  const { norm, epsilon, stepSize } = evaluation;
  const listed = evaluation.attacks.map((name, i) => ({ key: `evaluation.attacks[${i}]`, name }));
  return [...listed, { key: "training.evaluationAttack", name: training.evaluationAttack }].flatMap(
    ({ key, name }) => {
      try {
        evaluationAttack(name, {
          norm,
          ...(epsilon !== null && { epsilon }),
          ...(stepSize !== null && { stepSize }),
        });
        return [];
      } catch (error) {
        return [{ key, text: `is "${name}", but ${(error as Error).message}.` }];
      }
    },
  );
}
