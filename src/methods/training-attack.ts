// The attack inside a training step: its options, shared by the methods, and the examples it makes.
import { z } from "zod";
import {
  type AttackObjective,
  normNames,
  norms,
  type PgdAttack,
  pgd,
  projectionNames,
  type StartNoiseName,
  startNoiseNames,
} from "../attacks/index.js";
import { fraction } from "../fraction.js";
import type { Device, Tensor } from "../tensor/index.js";
import type { TrainingBatch } from "./method.js";
import type { RecipeContext } from "./recipe.js";

/** What a method's own attack has by default, beside the common PGD-10 from uniform noise. */
export interface AttackDefaults {
  readonly start?: StartNoiseName;
  readonly steps?: number;
}

/** How training examples are made; epsilon and step size depend on the norm where they are not given. */
export const trainingAttackShape = ({ start = "uniform", steps = 10 }: AttackDefaults = {}) => ({
  norm: z.enum(normNames).default("linf").meta({ help: "norm of the perturbation" }),
  epsilon: fraction({ min: 0 })
    .optional()
    .meta({ help: "radius of the ball; left out: 8/255 for linf, 1 for l2" }),
  stepSize: fraction({ above: 0 })
    .optional()
    .meta({ help: "length of a step; left out: 2/255 for linf, 0.2 for l2" }),
  steps: z.int().min(1).default(steps).meta({ help: "gradient steps of an example" }),
  start: z.enum(startNoiseNames).default(start).meta({ help: "noise added before the first step" }),
  projection: z.enum(projectionNames).optional().meta({
    help: "what a step is moved back into: ball; or image, which bounds pixels alone, for one step from wide noise (N-FGSM with start double-uniform); left out: ball",
  }),
  batchNorm: z.enum(["running", "batch"]).default("running").meta({
    help: "statistics of batch normalisation while attacking: running, the model in eval mode (REAT's released code); batch, the batch's, leaving the running ones untouched (RobustLT's)",
  }),
});

type Given = z.output<z.ZodObject<ReturnType<typeof trainingAttackShape>>>;

/** Resolved options of a training attack. */
export type TrainingAttackOptions = Given & { readonly epsilon: number; readonly stepSize: number };

/** Fills in the norm's own budget and refuses constants that the norm does not allow. */
export function resolveBudget<T extends Given>(
  given: T,
  context: z.RefinementCtx,
): T & TrainingAttackOptions {
  const { largestEpsilon, defaults } = norms[given.norm];
  const { epsilon = defaults.epsilon, stepSize = defaults.stepSize } = given;
  const issue = (key: string, message: string) =>
    context.addIssue({ code: "custom", path: [key], message, input: given[key as keyof Given] });
  if (epsilon > largestEpsilon) {
    issue("epsilon", `expected at most ${largestEpsilon} for norm ${given.norm}, got ${epsilon}`);
  }
  if ((given.start === "half-uniform" || given.start === "double-uniform") && given.norm !== "linf") {
    issue("start", `expected uniform, gaussian or none for norm ${given.norm}, got ${given.start}`);
  }
  if (given.projection === "image" && given.steps > 1) {
    issue("steps", `expected 1 with projection image, which bounds no perturbation, got ${given.steps}`);
  }
  return { ...given, epsilon, stepSize };
}

/** The schema of `attack` for methods that choose its objective themselves. */
export const trainingAttackOptions = (defaults?: AttackDefaults) =>
  z.strictObject(trainingAttackShape(defaults)).transform((given, context) => resolveBudget(given, context));

/**
 * PGD with these options on an objective. On a GPU its examples are not checked, as that would wait in every step: NaN
 * shows in the loss, whose finiteness the training loop counts without waiting.
 */
export function trainingAttack(options: TrainingAttackOptions, objective: AttackObjective): PgdAttack {
  // N-FGSM takes its gradient at an image; PGD's and the released codes' starts are not moved into [0, 1].
  const clampStart = options.projection === "image";
  return pgd({ ...options, objective, clampStart, checked: isReadAtOnce });
}

/** @internal Whether a figure can be read from the device without waiting for unfinished work. */
export function isReadAtOnce(device: Device): boolean {
  return device === "cpu";
}

/** The model's mode while examples are made. */
export function batchNormMode(batchNorm: TrainingAttackOptions["batchNorm"]): "batch" | "fast" {
  return batchNorm === "batch" ? "batch" : "fast";
}

/**
 * Adversarial examples of a batch, within the budgets of its images. While they are made, batch normalisation works as configured.
 * @returns [N, channels, height, width] in [0, 1]
 */
export function craft(
  attack: PgdAttack,
  batchNorm: TrainingAttackOptions["batchNorm"],
  { images, labels, mixed }: TrainingBatch,
  { model, generator, budget }: RecipeContext,
): Tensor {
  return model.withMode(batchNormMode(batchNorm), () =>
    attack.perturb(model, images, labels, generator, budget, mixed),
  );
}
