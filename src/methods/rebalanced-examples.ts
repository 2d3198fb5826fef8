// PGD examples whose objective is re-weighted by class: statically by class counts, or by RBL from epoch to epoch.
import { z } from "zod";
import { type AttackObjective, crossEntropyObjective, type PgdAttack } from "../attacks/index.js";
import { ReatError } from "../errors.js";
import { fraction } from "../fraction.js";
import {
  effectiveNumberWeights,
  inverseFrequencyWeights,
  type RebalancedLoss,
  rblWeights,
  rebalancedLoss,
  recognitionLoss,
} from "../losses/index.js";
import type { MethodSetup, MethodWarning } from "./method.js";
import type { Contradiction } from "./method-entry.js";
import { PredictionCounter } from "./prediction-counter.js";
import type { RecipeParts } from "./recipe.js";
import { readState } from "./state.js";
import { craft, type TrainingAttackOptions, trainingAttack } from "./training-attack.js";

/**
 * What multiplies or shifts the cross entropy that the examples maximise. Factors on a sample (rw: 1/n, rws: 1/√n, enr:
 * effective number, rbl in its weight form) change no sign and no direction of that sample's gradient: they act only
 * with attack.batchNorm batch, which couples the samples. What enters the logits (brw: + log n, rbl in its logit form)
 * always acts.
 */
export const reweightings = ["none", "rw", "rws", "enr", "brw", "rbl"] as const;
/** The name of a re-weighting of example generation. */
export type Reweighting = (typeof reweightings)[number];

/** The keys that choose a re-weighting. */
export const reweightingShape = (reweighting: Reweighting) => ({
  reweighting: z
    .enum(reweightings)
    .default(reweighting)
    .meta({ help: "what multiplies or shifts the cross entropy that the examples maximise" }),
  rbl: z
    .strictObject({
      form: z.enum(["weight", "logit"]).default("weight").meta({
        help: "weight multiplies an image's cross entropy by ω_y (the paper), logit adds τ·log ω to the logits",
      }),
      tau: fraction({ min: 0 }).default(1).meta({ help: "strength τ of the logit form" }),
      rounding: z
        .enum(["reference", "float32", "float64"])
        .default("reference")
        .meta({ help: "where ω is rounded: as the authors' code does, to float32, or not at all" }),
    })
    .prefault({})
    .meta({ help: "used with reweighting rbl" }),
});

const reweightingSchema = z.object(reweightingShape("none"));
type Options = z.output<typeof reweightingSchema> & { readonly attack: TrainingAttackOptions };

/** Warnings of a re-weighting whose options do nothing together. */
export function reweightingContradictions({ reweighting, rbl, attack }: Options): Contradiction[] {
  const problems: Contradiction[] = [];
  const untouched = rbl.form === "weight" && rbl.tau === 1 && rbl.rounding === "reference";
  if (reweighting !== "rbl" && !untouched) {
    problems.push({
      key: "method.rbl",
      text: `is set, but method.reweighting is ${reweighting}; accepted with it: method.reweighting rbl, or no method.rbl.`,
    });
  }
  if (reweighting !== "none" && "objective" in attack && attack.objective !== "ce") {
    problems.push({
      key: "method.attack.objective",
      text: `is ${attack.objective}, but method.reweighting ${reweighting} has an objective of its own; accepted with it: ce, or method.reweighting none.`,
    });
  }
  return problems;
}

/** All of a recipe except its loss. */
type ExampleParts = Omit<RecipeParts, "loss">;

/**
 * Examples of the re-weighted objective, with the counts that RBL carries from epoch to epoch.
 * @param method for messages
 * @param unweighted the objective without a re-weighting
 */
export function rebalancedExamples(
  method: string,
  options: Options,
  setup: MethodSetup,
  unweighted: AttackObjective = crossEntropyObjective,
): ExampleParts {
  const warnings = reweightingWarnings(options);
  if (options.reweighting === "rbl") return { ...rblExamples(method, options, setup), warnings };
  const objective = staticObjective(options.reweighting, setup.classCounts, unweighted);
  const attack = trainingAttack(options.attack, objective);
  return {
    warnings,
    beginEpoch: () => ({}),
    examples: (batch, context) => craft(attack, options.attack.batchNorm, batch, context),
  };
}

function staticObjective(
  reweighting: Exclude<Reweighting, "rbl">,
  classCounts: readonly number[],
  unweighted: AttackObjective,
): AttackObjective {
  const weighted = (weights: readonly number[]) => rebalancedLoss(weights, { reduction: "none" });
  switch (reweighting) {
    case "none":
      return unweighted;
    case "rw":
      return weighted(inverseFrequencyWeights(classCounts, 1));
    case "rws":
      return weighted(inverseFrequencyWeights(classCounts, 0.5));
    case "enr":
      return weighted(effectiveNumberWeights(classCounts));
    case "brw":
      return recognitionLoss("bsl", classCounts, "none");
  }
}

/**
 * RBL (REAT, section 4.1). Symbols: n_k `classCounts`; m_k `predictedCounts`, the adversarial examples predicted as
 * class k during the epoch before (n_k in the first); ω_k `weights`. An epoch's examples maximise L_RBL under its ω.
 */
function rblExamples(
  method: string,
  { attack: attackOptions, rbl }: Options,
  { classCounts, device }: MethodSetup,
): Omit<ExampleParts, "warnings"> {
  const predictions = new PredictionCounter(classCounts.length, device);
  let [epochNow, predictedCounts] = [0, classCounts];
  let current: { weights: readonly number[]; objective: RebalancedLoss; attack: PgdAttack } | undefined;

  const rebalance = () => {
    const weights = rblWeights(classCounts, predictedCounts, rbl.rounding);
    if (current) {
      // In place, so that a recorded step goes on with the new weights.
      current.objective.update(weights);
      current = { ...current, weights };
      return;
    }
    const objective = rebalancedLoss(weights, { form: rbl.form, tau: rbl.tau, reduction: "none" });
    current = { weights, objective, attack: trainingAttack(attackOptions, objective) };
  };

  return {
    beginEpoch(epoch) {
      if (epoch !== epochNow) {
        if (epochNow > 0) predictedCounts = predictions.read();
        predictions.reset();
        epochNow = epoch;
        rebalance();
      }
      // A class that was never predicted has E_k = 0: compared with its weight, all others almost vanish.
      const neverPredicted = predictedCounts.flatMap((count, label) => (count === 0 ? [label] : []));
      return { predictedCounts, rblWeights: current?.weights ?? [], neverPredicted };
    },

    examples(batch, context) {
      if (!current) {
        throw new ReatError("usage", `beginEpoch of method ${method} must be called before its first step.`);
      }
      return craft(current.attack, attackOptions.batchNorm, batch, context);
    },

    observe({ adversarialLogits }) {
      if (adversarialLogits) predictions.add(adversarialLogits);
    },

    state: () => ({ epoch: epochNow, predictedCounts, countsSoFar: predictions.read() }),

    restore(state) {
      const counts = z.array(z.int().min(0)).length(classCounts.length);
      const schema = z.strictObject({ epoch: z.int().min(0), predictedCounts: counts, countsSoFar: counts });
      const restored = readState(method, schema, state);
      [epochNow, predictedCounts] = [restored.epoch, restored.predictedCounts];
      predictions.reset(restored.countsSoFar);
      if (epochNow > 0) rebalance();
    },

    dispose() {
      predictions.dispose();
      current?.objective.dispose();
    },
  };
}

// NOTE(official-code): the released REAT attacks in eval mode with sign steps, where RBL's weight cannot act.
function reweightingWarnings({ reweighting, rbl, attack }: Options): MethodWarning[] {
  if (attack.batchNorm !== "running") return [];
  const why =
    "cannot act with method.attack.batchNorm running: the examples are those of plain cross entropy (docs/warnings.md).";
  if (reweighting === "rbl" && rbl.form === "weight") {
    const message = `method.rbl.form weight ${why}`;
    return [{ name: "rbl-weight-cannot-act", message }];
  }
  if (reweighting === "rw" || reweighting === "rws" || reweighting === "enr") {
    const message = `method.reweighting ${reweighting} ${why}`;
    return [{ name: "reweighting-cannot-act", message }];
  }
  return [];
}
