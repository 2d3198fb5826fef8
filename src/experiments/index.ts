// The experiments' public face.
export {
  AUDIT_IMAGES,
  type AuditModelOptions,
  type AuditOutcome,
  type AuditRecord,
  auditModel,
  writeAudit,
} from "./audit.js";
export { readClassNames, type TrainedClasses } from "./class-names.js";
export {
  configToYaml,
  type ExperimentConfig,
  loadConfig,
  parseConfig,
} from "./config.js";
export { type ExperimentData, loadData } from "./data.js";
export {
  type EvaluateRunOptions,
  type EvaluateRunOutcome,
  type EvaluationSettings,
  evaluateRun,
} from "./evaluate-run.js";
export {
  type EvaluateWeightsOptions,
  evaluateWeights,
  type WeightsEvaluation,
} from "./evaluate-weights.js";
export type { AttackRequest, EvaluationBudget } from "./evaluation-plan.js";
export type { ForeignOptions, ForeignWeights } from "./foreign-model.js";
export type { MeasuredAttack } from "./measure-attacks.js";
export { type MethodOption, type MethodPage, methodPage, methodPages } from "./method-pages.js";
export { nearest } from "./nearest.js";
export {
  type PaperRow,
  paperCommand,
  paperConfig,
  paperRows,
  paperTables,
  paperTablesPage,
} from "./paper-tables.js";
export { presetFile, presetNames } from "./presets.js";
export { QUICKSTART_CONFIGS, type QuickstartOutcome, quickstart } from "./quickstart.js";
export {
  type ExperimentOptions,
  type ExperimentOutcome,
  resumeExperiment,
  runExperiment,
} from "./run.js";
export {
  groupBySeeds,
  type MeanOverSeeds,
  type MeasuredRun,
  type SeedGroup,
  type SeedRow,
} from "./seed-groups.js";
