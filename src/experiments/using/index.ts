// The face of using what was trained: classifiers opened, images classified, exports written.
export {
  type ExportOptions,
  type ExportOutcome,
  type ExportTarget,
  exportClassifier,
  exportTargets,
} from "./export-classifier.js";
export { ownExport } from "./exported-file.js";
export { type LoadClassifierOptions, loadClassifier } from "./load-classifier.js";
export type { Parity } from "./parity.js";
export {
  type ChangeSearch,
  type ClassProbability,
  type LabelChange,
  type Prediction,
  type PredictOptions,
  predict,
} from "./predict.js";
export { type Probe, type ProbedImage, type ProbeOptions, probeImage } from "./probe.js";
export { TrainedClassifier } from "./trained-classifier.js";
