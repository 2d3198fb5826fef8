// The face of AutoAttack: the ensemble, its constants, its checks of the model.
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
} from "./constants.js";
export { ensembleAttack, memberEntries } from "./members.js";
export type { AttackOutcome, AutoAttackState } from "./state.js";
export { type AdversarialVerification, verifyAdversarial } from "./verification.js";
