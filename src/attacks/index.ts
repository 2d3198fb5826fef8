// The attacks' public face.

export { type ApgdOptions, apgd } from "./apgd/index.js";
export type { Attack } from "./attack.js";
export {
  type AttackBudget,
  type AttackConstants,
  type AttackDefinition,
  type AttackEntry,
  defineAttack,
  type NamedAttack,
  type NamedAttackOptions,
} from "./attack-entry.js";
export {
  type AttackOptionName,
  attackOptionNames,
  attacksThatTake,
  attackTakes,
  requireClassesFor,
} from "./attack-limits.js";
export {
  acceptedAttackNames,
  attackEntries,
  attackPattern,
  findAttack,
  isAttackName,
  namedAttack,
} from "./attack-names.js";
export {
  type AdversarialVerification,
  type AttackOutcome,
  type AutoAttackOptions,
  type AutoAttackResult,
  type AutoAttackState,
  autoAttack,
  constantsHash,
  type EnsembleAttackName,
  type EnsembleConstants,
  type EnsembleName,
  type EnsembleVersion,
  ensembleAttackNames,
  ensembleConstants,
  ensembleNames,
  verifyAdversarial,
} from "./autoattack/index.js";
export { type CarliniWagnerOptions, carliniWagner } from "./carlini-wagner.js";
export type { Classifier } from "./classifier.js";
export { dlrObjective } from "./dlr.js";
export {
  acceptedEvaluationAttacks,
  confirmsExamples,
  type EvaluationAttackSpec,
  ensembleDescriptions,
  ensembleSpecNames,
  evaluationAttack,
  isEnsemble,
  isEvaluationAttackName,
  type NamedEnsemble,
} from "./evaluation-attacks.js";
export { type FabOptions, fab } from "./fab/index.js";
export {
  type BallName,
  ballNames,
  l2,
  linf,
  type Norm,
  type NormName,
  normNames,
  normSymbol,
  norms,
  type Radius,
  type StartNoise,
  type StartNoiseName,
  startNoiseNames,
  type UsualBudget,
  usualBudgets,
} from "./geometry/index.js";
export {
  type AttackObjective,
  crossEntropyObjective,
  marginObjective,
  withLogitScale,
} from "./objective.js";
export {
  type AttackObserver,
  type AttackProgress,
  type AttackWarning,
  type WarningName,
  warningNames,
} from "./observer.js";
export {
  type FgsmOptions,
  fgsm,
  type MixedLabels,
  type MomentumOptions,
  momentumAttack,
  type PgdAttack,
  type PgdOptions,
  type ProjectionName,
  pgd,
  projectionNames,
  type SampleBudget,
} from "./pgd/index.js";
export { type SquareOptions, square } from "./square/index.js";
export type { KnownImages, StandingAttack } from "./standing-attack.js";
export { transferAttack, withScaledLogits } from "./transfer.js";
