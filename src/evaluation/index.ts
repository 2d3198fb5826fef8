// The evaluation's public face.
export { type AccuracyReport, accuracyReport, type ClassAccuracy } from "./accuracy.js";
export {
  type AttackResult,
  type EvaluateOptions,
  type Evaluation,
  type EvaluationAttack,
  type EvaluationBatches,
  type EvaluationProgress,
  evaluate,
} from "./evaluate.js";
export { type EvaluationResult, readResults, resultFileName, writeResult } from "./results.js";
