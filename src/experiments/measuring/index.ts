// The face of measuring: evaluations and audits of a trained model.
export {
  type AuditModelOptions,
  type AuditOutcome,
  type AuditRecord,
  auditImages,
  auditModel,
  writeAudit,
} from "./audit.js";
export {
  type EvaluateRunOptions,
  type EvaluateRunOutcome,
  type EvaluationSettings,
  evaluateRun,
} from "./evaluate-run.js";
export { type EvaluateWeightsOptions, evaluateWeights, type WeightsEvaluation } from "./evaluate-weights.js";
export { type AttackRequest, attackBetweenEpochs, type EvaluationBudget } from "./evaluation-plan.js";
export { measure } from "./measure.js";
export type { MeasuredAttack } from "./measure-attacks.js";
export { requireReadable } from "./readable-run.js";
