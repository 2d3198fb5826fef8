// The attacks' public face.

export { type ApgdOptions, apgd } from "./apgd.js";
export type { Attack } from "./attack.js";
export {
  type AttackConstants,
  acceptedAttackNames,
  isAttackName,
  type NamedAttack,
  type NamedAttackOptions,
  namedAttack,
} from "./attack-names.js";
export { type AutoAttackOptions, type AutoAttackResult, autoAttack } from "./autoattack.js";
export {
  constantsHash,
  type EnsembleAttackName,
  type EnsembleConstants,
  type EnsembleName,
  type EnsembleVersion,
  ensembleAttackNames,
  ensembleConstants,
  ensembleNames,
} from "./autoattack-constants.js";
export type { AttackOutcome, AutoAttackState } from "./autoattack-state.js";
export { type BallName, ballNames } from "./ball.js";
export { type CarliniWagnerOptions, carliniWagner } from "./carlini-wagner.js";
export type { Classifier } from "./classifier.js";
export { dlrObjective } from "./dlr.js";
export {
  acceptedEvaluationAttacks,
  type EvaluationAttackSpec,
  ensembleSpecNames,
  evaluationAttack,
  isEnsemble,
  isEvaluationAttackName,
  type NamedEnsemble,
} from "./evaluation-attacks.js";
export { type FabOptions, fab } from "./fab.js";
export { type FgsmOptions, fgsm } from "./fgsm.js";
export { type MomentumOptions, momentumAttack } from "./momentum.js";
export { l2, linf, type Norm, type NormName, normNames, norms, type Radius } from "./norm.js";
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
export { type PgdAttack, type PgdOptions, pgd } from "./pgd.js";
export { type SquareOptions, square } from "./square.js";
export { type StartNoise, type StartNoiseName, startNoiseNames } from "./start-noise.js";
export { transferAttack, withScaledLogits } from "./transfer.js";
export { type AdversarialVerification, verifyAdversarial } from "./verification.js";
