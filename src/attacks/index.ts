// The attacks' public face.

export type { Attack } from "./attack.js";
export type { Classifier } from "./classifier.js";
export {
  type AttackObjective,
  crossEntropyObjective,
  marginObjective,
  withClassWeights,
  withLogitOffset,
  withLogitScale,
} from "./objective.js";
