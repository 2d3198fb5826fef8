// The face of PGD's family: PGD, FGSM, momentum, and the noises they start from.
export { type FgsmOptions, fgsm } from "./fgsm.js";
export { type MomentumOptions, momentumAttack } from "./momentum.js";
export { type PgdAttack, type PgdOptions, pgd } from "./pgd.js";
export { type StartNoise, type StartNoiseName, startNoiseNames } from "./start-noise.js";
