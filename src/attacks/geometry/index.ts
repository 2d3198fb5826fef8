// The face of the geometry of attacks: norms, balls, and projections onto them.
export {
  type BallName,
  ballNames,
  lengths,
  normalised,
  perSample,
  projectRadially_,
  randomStart,
  requireBall,
  sampleDims,
} from "./ball.js";
export { projectOnL1Ball } from "./l1-projection.js";
export { l2, linf, type Norm, type NormName, normNames, norms, type Radius } from "./norm.js";
