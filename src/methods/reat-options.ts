// REAT's options, and what a user should know of their combinations.
import { z } from "zod";
import { fraction } from "../fraction.js";
import { recognitionLossNames } from "../losses/index.js";
import type { MethodWarning } from "./method.js";
import { trainingAttackOptions } from "./training-attack.js";

/** Options of REAT; the defaults are the authors' released code. */
export const reatOptions = z.strictObject({
  name: z.literal("reat"),
  /** The loss on the adversarial examples. */
  loss: z.enum(recognitionLossNames).default("bsl"),
  attack: trainingAttackOptions.prefault({}),
  rbl: z
    .strictObject({
      /** Without RBL the examples maximise plain cross entropy. */
      enabled: z.boolean().default(true),
      /** "weight" multiplies a sample's cross entropy by ω_y (the paper), "logit" adds τ·log ω to the logits. */
      form: z.enum(["weight", "logit"]).default("weight"),
      /** Strength τ of the logit form. */
      tau: fraction({ min: 0 }).default(1),
      /** Where ω is rounded to float32, see `rblWeights`. */
      rounding: z.enum(["reference", "float32", "float64"]).default("reference"),
    })
    .prefault({}),
  tail: z
    .strictObject({
      enabled: z.boolean().default(true),
      /** "reference" is what the authors' code computes, "paper" what the text describes. */
      form: z.enum(["reference", "paper"]).default("reference"),
      /** Factor of the term. */
      lambda: fraction({ min: 0 }).default(1),
      /** Where the tail classes start, see `tailStart`. */
      tailStart: z.enum(["reference", "paper"]).default("reference"),
    })
    .prefault({}),
});
export type ReatOptions = z.output<typeof reatOptions>;

// NOTE(official-code): the released code attacks in eval mode with sign steps, where RBL's weight cannot act.
const inertRbl: MethodWarning = {
  name: "rbl-weight-cannot-act",
  message:
    "method.rbl.form weight with method.attack.batchNorm running gives the adversarial examples of plain cross " +
    "entropy, because a positive factor a sample changes neither its gradient's sign nor its direction: choose " +
    "method.attack.batchNorm batch or method.rbl.form logit for examples that RBL shapes.",
};

/** What follows from these options that a user may not expect. */
export function reatWarnings({ rbl, attack }: ReatOptions): MethodWarning[] {
  return rbl.enabled && rbl.form === "weight" && attack.batchNorm === "running" ? [inertRbl] : [];
}
