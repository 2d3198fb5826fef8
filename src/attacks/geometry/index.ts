// The face of the geometry of attacks: norms, balls, projections onto them, noises over them.
export {
  type BallName,
  ballNames,
  lengths,
  noiseOf,
  normalised,
  normSymbol,
  perSample,
  projectRadially_,
  randomStart,
  requireBall,
  sampleDims,
} from "./ball.js";
export { projectOnL1Ball } from "./l1-projection.js";
export { l2, linf, type Norm, type NormName, normNames, norms, type Radius } from "./norm.js";
export { type StartNoise, type StartNoiseName, startNoise, startNoiseNames } from "./start-noise.js";
export { type UsualBudget, usualBudgets } from "./usual-budget.js";
