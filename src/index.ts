// The names that programs start with. All others are found by floor: reat/attacks, reat/tensor, reat/methods and so on.

export {
  type Attack,
  type AttackObjective,
  autoAttack,
  type Classifier,
  defineAttack,
  evaluationAttack,
  namedAttack,
  pgd,
} from "./attacks/index.js";
export {
  drawSubset,
  evaluationBatches,
  type ImageDataset,
  prepareDataset,
  trainingBatches,
} from "./data/index.js";
export { type ErrorCode, ReatError } from "./errors.js";
export { type AccuracyReport, evaluate } from "./evaluation/index.js";
export {
  auditModel,
  configToYaml,
  type EvaluateRunOptions,
  type EvaluateRunOutcome,
  type ExperimentConfig,
  type ExperimentOptions,
  type ExperimentOutcome,
  evaluateRun,
  evaluateWeights,
  exportClassifier,
  loadClassifier,
  loadConfig,
  loadData,
  parseConfig,
  predict,
  presetNames,
  resumeExperiment,
  runExperiment,
} from "./experiments/index.js";
export { formatFraction, parseFraction } from "./fraction.js";
export { recognitionLoss, tailRegulariser } from "./losses/index.js";
export { createMethod, defineMethod, type Method, methodNames, methodOptions } from "./methods/index.js";
export { buildModel, ImageClassifier, modelNames } from "./nn/index.js";
export { SGD, stepSchedule } from "./optim/index.js";
export { readRun, renderReport, writeReport } from "./report/index.js";
export {
  type Device,
  Generator,
  grad,
  noGrad,
  operator,
  rand,
  randn,
  scope,
  setThreads,
  Tensor,
  tensor,
  zeros,
} from "./tensor/index.js";
export { type RunEvent, RunFolder, train } from "./training/index.js";
export { loadWeightsFile } from "./weights/index.js";
