// Makes a method from a recipe, with the modifiers that work around any of them.
import { z } from "zod";
import { noGrad, scope, type Tensor } from "../tensor/index.js";
import type { AddedTerm } from "./added-term.js";
import { withTerms } from "./added-terms.js";
import { attackRampOptions } from "./attack-ramp.js";
import { cfaOptions, cfaRule } from "./cfa.js";
import { classBudgetOptions, robustLtRule } from "./class-budget.js";
import type { ClassRule } from "./class-rule.js";
import { dafaOptions, dafaRule } from "./dafa.js";
import { ExampleBudgets } from "./example-budgets.js";
import { gklOptions, gklTerm } from "./gkl.js";
import { keptState } from "./kept-state.js";
import type { Method, MethodSetup, StepContext, StepResult, TrainingBatch, WholeBatch } from "./method.js";
import { mixedLoss } from "./mixed-loss.js";
import { rebatOptions, rebatTerm } from "./rebat.js";
import type { RecipeContext, RecipeParts } from "./recipe.js";
import { selfTeacherOptions, selfTeacherTerm } from "./self-teacher.js";
import { perturbWeights, weightPerturbationOptions } from "./weight-perturbation.js";

/** Keys of a loss of labels, which every method has. */
export const labelShape = {
  labelSmoothing: z.number().min(0).lt(1).optional().meta({
    help: "share s of a label that is spread over all C classes in the loss: 1 − s + s/C on the label, s/C on the others; examples are made as without; left out: 0",
  }),
};

/** Keys that every method's options take. */
export const modifierShape = {
  ...labelShape,
  weightPerturbation: weightPerturbationOptions
    .optional()
    .meta({ help: "adversarial weight perturbation (AWP) around the method; left out: none" }),
  classBudget: classBudgetOptions.optional().meta({
    help: "class-wise budgets (RobustLT) around the method; left out: all classes have the attack's budget",
  }),
  cfa: cfaOptions.optional().meta({
    help: "class-wise budgets that follow each class's robust accuracy (CFA) around the method; left out: all classes have the attack's budget",
  }),
  dafa: dafaOptions.optional().meta({
    help: "class-wise budgets and weights from how classes resemble each other (DAFA) around the method; left out: all classes are alike",
  }),
  rebat: rebatOptions.optional().meta({
    help: "divergence from the averaged weights' predictions on the examples (ReBAT), added to the loss; it needs training.weightAverage; left out: none",
  }),
  gkl: gklOptions.optional().meta({
    help: "divergence between clean and adversarial predictions in the form of IKL and GKL, added to the loss; left out: none",
  }),
  selfTeacher: selfTeacherOptions.optional().meta({
    help: "divergence from the predictions of a teacher that was trained on balanced classes, added to the loss; left out: none",
  }),
  attackRamp: attackRampOptions.optional().meta({
    help: "an attack that grows over the training (ACAT) around the method; left out: the whole budget throughout",
  }),
};
const modifierSchema = z.object(modifierShape);
/** Resolved options of the modifiers. */
export type Modifiers = z.output<typeof modifierSchema>;

/**
 * Makes a method of a recipe's parts and the modifiers around it: each step makes examples, computes the loss on them, and lets the
 * recipe observe the result.
 * @throws ReatError `config` for a class budget with a warm-up, or a growing attack, if the number of epochs is not known; a step before `beginEpoch`
 * throws `usage`
 */
export function assembleMethod(
  name: string,
  parts: RecipeParts,
  modifiers: Modifiers,
  setup: MethodSetup,
): Method {
  const { weightPerturbation, attackRamp } = modifiers;
  const rule = classRule(modifiers, setup);
  const budgets = rule || attackRamp ? new ExampleBudgets(name, rule, attackRamp ?? null, setup) : null;
  const terms = addedTerms(modifiers, setup);
  const keepers = [...(rule ? [rule] : []), ...terms];
  let epochNow = 0;
  const observe = (result: StepResult, labels: Tensor) => {
    parts.observe?.(result);
    if (result.adversarialLogits) rule?.observe?.(result.adversarialLogits, labels);
    if (!result.cleanLogits) return;
    for (const term of terms) if (term.observesClean) term.observe?.(result.cleanLogits, labels);
  };

  return {
    name,
    warnings: parts.warnings,
    // Weight perturbation begins at a configured epoch, and so does ReBAT.
    steady: weightPerturbation || modifiers.rebat ? "epoch" : (parts.steady ?? "epoch"),

    beginEpoch(epoch) {
      const record = parts.beginEpoch(epoch);
      for (const term of terms) term.beginEpoch?.(epoch);
      epochNow = epoch;
      if (!budgets) return record;
      const budgetRecord = budgets.beginEpoch(epoch);
      if (budgets.weights) setup.shaping?.classWeights?.update(budgets.weights);
      return { ...record, ...budgetRecord };
    },

    examples: (batch, given) =>
      scope(() =>
        given.model.withMode("train", () => parts.examples(batch, contextOf(batch, given, budgets))),
      ),

    step: (batch, given) => {
      const isPerturbed = weightPerturbation !== undefined && epochNow >= weightPerturbation.from;
      // What a part's step begins is needed when it goes on.
      const continues = given.isPart && (isPerturbed || given.tailOverBatch);
      const within = continues ? <T>(body: () => T) => body() : scope;
      return within(() => {
        const { model } = given;
        const context = contextOf(batch, given, budgets);
        return model.withMode("train", () => {
          const adversarial = parts.examples(batch, context);
          const prepared = adversarial
            ? terms.flatMap((term) => {
                const value = term.prepare(batch, adversarial, context);
                return value ? [{ name: term.name, value }] : [];
              })
            : [];
          const loss = (whole: WholeBatch | null = null) =>
            withTerms(mixedLoss(parts, batch, adversarial, { ...context, whole }), prepared, batch, model);
          const step = (whole: WholeBatch | null = null): StepResult => {
            const { cleanLogits, adversarialLogits, rows: _rows, ...rest } = loss(whole);
            const observed = terms.some(({ observesClean }) => observesClean);
            const result = {
              ...rest,
              adversarialLogits: adversarialLogits?.detach() ?? null,
              ...(observed && { cleanLogits: cleanLogits?.detach() ?? null }),
            };
            if (!given.isPart) observe(result, batch.labels);
            return result;
          };
          if (given.isPart) {
            /** Asks for the rows of the whole batch first, where they are wanted. Running statistics move with the last pass alone. */
            const withRows = (then: (whole: WholeBatch | null) => StepResult): StepResult => {
              if (!given.tailOverBatch) return then(null);
              const { loss, rows } = noGrad(() =>
                model.withMode("batch", () => mixedLoss(parts, batch, adversarial, context)),
              );
              const shared = rows && { rows, step: then };
              return shared ? { loss, adversarialLogits: null, terms: {}, shared } : then(null);
            };
            const last = () => withRows((whole) => model.withMode("train", () => step(whole)));
            if (!isPerturbed) return last();
            return withRows((whole) => {
              // What running statistics become by this pass is taken back before the next.
              const { loss: direction } = model.withMode("train", () => loss(whole));
              const perturbed = { gamma: weightPerturbation.gamma, step: last };
              return { loss: direction, adversarialLogits: null, terms: {}, perturbed };
            });
          }
          if (!isPerturbed) return step();
          const { gamma } = weightPerturbation;
          const restore = perturbWeights(model, gamma, () => loss().loss);
          try {
            return { ...step(), afterUpdate: restore };
          } catch (cause) {
            restore();
            throw cause;
          }
        });
      });
    },

    observe,

    ...keptState(name, parts, keepers),
    dispose() {
      budgets?.dispose();
      for (const term of terms) term.dispose?.();
      parts.dispose?.();
    },
  };
}

function contextOf(batch: TrainingBatch, given: StepContext, budgets: ExampleBudgets | null): RecipeContext {
  const budget = budgets?.of(batch) ?? null;
  return { ...given, budget, regularisation: budgets?.regularisationOf(batch) ?? null };
}

/** At most one of them, which `modifierContradictions` holds. */
function classRule({ classBudget, cfa, dafa }: Modifiers, setup: MethodSetup): ClassRule | null {
  if (classBudget) return robustLtRule(classBudget, setup);
  if (cfa) return cfaRule(cfa, setup);
  return dafa ? dafaRule(dafa, setup) : null;
}

function addedTerms({ rebat, gkl, selfTeacher }: Modifiers, setup: MethodSetup): readonly AddedTerm[] {
  return [
    ...(rebat ? [rebatTerm(rebat)] : []),
    ...(gkl ? [gklTerm(gkl, setup)] : []),
    ...(selfTeacher ? [selfTeacherTerm(selfTeacher, setup.teacher)] : []),
  ];
}
