// The face of PGD's family: PGD, FGSM, momentum.
export { type FgsmOptions, fgsm, fgsmEntry } from "./fgsm.js";
export { type MomentumOptions, momentumAttack, momentumEntry } from "./momentum.js";
export {
  cwEntry,
  type MixedLabels,
  type PgdAttack,
  type PgdOptions,
  type ProjectionName,
  pgd,
  pgdEntry,
  projectionNames,
  type SampleBudget,
} from "./pgd.js";
