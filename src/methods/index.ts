// The training methods' public face.

export { assembleMethod, type Modifiers, modifierShape } from "./assemble-method.js";
export { type AtBslOptions, atBslOptions } from "./at-bsl.js";
export { type AttackRampOptions, attackRampOptions, rampShare } from "./attack-ramp.js";
export { type CfaOptions, cfaOptions, cfaShares, classAccuracies } from "./cfa.js";
export {
  budgetIntensity,
  type ClassBudgetOptions,
  classBudgetOptions,
  classBudgets,
} from "./class-budget.js";
export { type DafaOptions, dafaOptions, dafaWeights } from "./dafa.js";
export { classPredictions, type GklOptions, gklDivergence, gklOptions } from "./gkl.js";
export { inferenceModel } from "./inference.js";
export { boostedLoss, type MartOptions, martOptions, martRegulariser } from "./mart.js";
export type {
  Method,
  MethodSetup,
  MethodState,
  MethodWarning,
  StepContext,
  StepResult,
  Teacher,
  TrainingBatch,
  WholeBatch,
} from "./method.js";
export { type Contradiction, defineMethod, type MethodEntry, type ReleasedProtocol } from "./method-entry.js";
export {
  createMethod,
  type MethodName,
  type MethodOptions,
  methodNames,
  methodOptions,
  methods,
} from "./methods.js";
export { defaultConstants, methodSections } from "./methods-table.js";
export { modifierContradictions } from "./modifier-contradictions.js";
export { type PgdAtOptions, pgdAtOptions } from "./pgd-at.js";
export { type PlainOptions, plainOptions } from "./plain.js";
export { type ReatOptions, reatOptions } from "./reat.js";
export {
  type Reweighting,
  rebalancedExamples,
  reweightingShape,
  reweightings,
} from "./rebalanced-examples.js";
export { type RebatOptions, rebatOptions } from "./rebat.js";
export type { Recipe, RecipeContext, RecipeFactory, RecipeLoss, RecipeParts } from "./recipe.js";
export {
  multiMarginLoss,
  type RobalOptions,
  robalInference,
  robalMargins,
  robalOptions,
  robalRegulariser,
  robalVariants,
} from "./robal.js";
export { type SelfTeacherOptions, selfTeacherOptions } from "./self-teacher.js";
export { harl, type TaetOptions, taetOptions } from "./taet.js";
export { calibrated, type TradesOptions, tradesOptions, tradesRegulariser } from "./trades.js";
export {
  craft,
  type TrainingAttackOptions,
  trainingAttack,
  trainingAttackOptions,
} from "./training-attack.js";
export { requireTrainingImages } from "./training-images.js";
export {
  moveWeights,
  perturbWeights,
  type WeightPerturbationOptions,
  weightPerturbationOptions,
} from "./weight-perturbation.js";
