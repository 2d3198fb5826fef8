// The evaluation's public face.
export { type AccuracyReport, accuracyReport, accuracyReportSchema, type ClassAccuracy } from "./accuracy.js";
export { attackLabel, type LabelledAttack } from "./attack-label.js";
export {
  type Audit,
  type AuditFigure,
  type AuditOptions,
  type AuditProgress,
  type AuditRow,
  type AuditState,
  type AuditVerdict,
  audit,
  auditCheckNames,
  type LossSurface,
  type QuotedAttack,
  type RowVerdict,
} from "./audit/index.js";
export { bestFirst, type CheckpointName, checkpointNames } from "./checkpoint-name.js";
export {
  type EnsembleHooks,
  type EnsembleOutcome,
  type EnsembleRecord,
  type FooledImages,
  measureEnsemble,
} from "./ensemble.js";
export {
  type AttackResult,
  type EvaluateOptions,
  type Evaluation,
  type EvaluationAttack,
  type EvaluationBatches,
  type EvaluationProgress,
  evaluate,
  type MeasureOptions,
  measureAttack,
  measureClean,
  type StageHooks,
  type StagePosition,
} from "./evaluate.js";
export {
  type AttackedPicture,
  type PicturedPrediction,
  type PictureSheet,
  readPictures,
  writePictures,
} from "./pictures.js";
export {
  type EvaluationResult,
  type MeasuredContent,
  readResults,
  readStoredResults,
  resultFileName,
  resultIdentity,
  resultSlot,
  type StoredResult,
  writeResult,
} from "./results.js";
export {
  orderSentence,
  type Risk,
  type RiskName,
  type RiskOrder,
  type RiskReport,
  riskNames,
  riskReport,
} from "./risk.js";
export { tilesSentence } from "./tiles-sentence.js";
