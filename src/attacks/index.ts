// The attacks' public face.

export type { Attack } from "./attack.js";
export {
  type AttackConstants,
  acceptedAttackNames,
  type NamedAttack,
  type NamedAttackOptions,
  namedAttack,
} from "./attack-names.js";
export type { Classifier } from "./classifier.js";
export { l2, linf, type Norm, type NormName, normNames, norms } from "./norm.js";
export {
  type AttackObjective,
  crossEntropyObjective,
  marginObjective,
  withLogitScale,
} from "./objective.js";
export { type PgdOptions, pgd } from "./pgd.js";
export { type StartNoise, type StartNoiseName, startNoiseNames } from "./start-noise.js";
