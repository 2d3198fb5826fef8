// The face of PGD's family: PGD, FGSM, momentum.
export { type FgsmOptions, fgsm, fgsmEntry } from "./fgsm.js";
export { type MomentumOptions, momentumAttack, momentumEntry } from "./momentum.js";
export { cwEntry, type PgdAttack, type PgdOptions, pgd, pgdEntry } from "./pgd.js";
