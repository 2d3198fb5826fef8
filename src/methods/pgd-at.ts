// PGD-AT (Madry et al. 2018): train on PGD examples with any loss for long-tailed recognition.
import { z } from "zod";
import { type AttackObjective, marginObjective } from "../attacks/index.js";
import { recognitionLoss, recognitionLossNames } from "../losses/index.js";
import { scope } from "../tensor/index.js";
import type { Method, MethodSetup, StepResult } from "./method.js";
import { noState } from "./state.js";
import { craft, resolveBudget, trainingAttack, trainingAttackShape } from "./training-attack.js";

const attackOptions = z
  .strictObject({
    ...trainingAttackShape,
    /** What the examples maximise: a loss by name ("bsl" is BRW), or "cw" for the margin. */
    objective: z.enum([...recognitionLossNames, "cw"]).default("ce"),
  })
  .transform((given, context) => resolveBudget(given, context));

/** Options of PGD-AT. */
export const pgdAtOptions = z.strictObject({
  name: z.literal("pgd-at"),
  /** The loss on the adversarial examples. */
  loss: z.enum(recognitionLossNames).default("ce"),
  attack: attackOptions.prefault({}),
});
export type PgdAtOptions = z.output<typeof pgdAtOptions>;

/** min over the weights of E loss(f(x_adv), y), with x_adv from PGD on the objective. */
export function pgdAt(
  { loss: lossName, attack: options }: PgdAtOptions,
  { classCounts }: MethodSetup,
): Method {
  const loss = recognitionLoss(lossName, classCounts);
  const objective: AttackObjective =
    options.objective === "cw" ? marginObjective : recognitionLoss(options.objective, classCounts, "none");
  const attack = trainingAttack(options, objective);

  return {
    name: "pgd-at",
    warnings: [],
    beginEpoch: () => ({}),

    step: (batch, context): StepResult =>
      scope(() => {
        const adversarial = craft(attack, options.batchNorm, batch, context);
        const logits = context.model.withMode("train", () => context.model.logits(adversarial));
        const recognition = loss(logits, batch.labels);
        return {
          loss: recognition,
          adversarialLogits: logits.detach(),
          terms: { recognition: recognition.detach() },
        };
      }),

    ...noState("pgd-at"),
    dispose() {},
  };
}
