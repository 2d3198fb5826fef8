// The experiments' public face.

export { readClassNames, type TrainedClasses } from "./class-names.js";
export {
  configToYaml,
  type ExperimentConfig,
  loadConfig,
  nearest,
  parseConfig,
  presetFile,
  presetNames,
} from "./config/index.js";
export { type ExperimentData, loadData } from "./data.js";
export type { ForeignOptions, ForeignWeights } from "./foreign-model.js";
export { type PastLogs, writePastLogs } from "./logging/index.js";
export {
  type AttackRequest,
  type AuditModelOptions,
  type AuditOutcome,
  type AuditRecord,
  auditImages,
  auditModel,
  type EvaluateRunOptions,
  type EvaluateRunOutcome,
  type EvaluateWeightsOptions,
  type EvaluationBudget,
  type EvaluationSettings,
  evaluateRun,
  evaluateWeights,
  type MeasuredAttack,
  type WeightsEvaluation,
  writeAudit,
} from "./measuring/index.js";
export {
  type PaperRow,
  paperCommand,
  paperConfig,
  paperRows,
  paperTableSections,
  paperTables,
} from "./paper-tables.js";
export { type QuickstartOutcome, quickstart, quickstartConfigs } from "./quickstart.js";
export {
  type AttackOption,
  type AttackPage,
  attackPage,
  attackPages,
  attackTable,
  type ConfigRow,
  configRow,
  configRows,
  configurationTables,
  experimentJsonSchema,
  type MethodPage,
  methodPage,
  methodPages,
  methodRows,
  type OptionRow,
} from "./reference/index.js";
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
export {
  estimateSeconds,
  type Suggestion,
  suggestedCommand,
  suggestedSide,
  suggestPreset,
} from "./suggestion.js";
export {
  type ChangeSearch,
  type ClassProbability,
  type ExportOptions,
  type ExportOutcome,
  type ExportTarget,
  exportClassifier,
  exportTargets,
  type LabelChange,
  type LoadClassifierOptions,
  loadClassifier,
  ownExport,
  type Parity,
  type Prediction,
  type PredictOptions,
  type Probe,
  type ProbedImage,
  type ProbeOptions,
  predict,
  probeImage,
  TrainedClassifier,
} from "./using/index.js";
