// The evaluation's public face.
export { type AccuracyReport, accuracyReport, type ClassAccuracy } from "./accuracy.js";
export {
  type Audit,
  type AuditOptions,
  type AuditProgress,
  audit,
  auditCheckNames,
} from "./audit/audit.js";
export type { LossSurface } from "./audit/loss-surface.js";
export type { AuditRow, Verdict as AuditVerdict } from "./audit/row.js";
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
