// The training's public face.
export {
  type Checkpoint,
  type CheckpointState,
  loadModel,
  loadWeights,
  type Progress,
  readCheckpoint,
  weightsEpoch,
} from "./checkpoint.js";
export { currentEnvironment, type Environment } from "./environment.js";
export type {
  BatchEvent,
  BestEvent,
  BestSoFar,
  EndEvent,
  EpochEvent,
  EvaluationEvent,
  EvaluationSplit,
  RunEvent,
  RunPosition,
  Selection,
  StartEvent,
  StoppedEvent,
  WarningEvent,
} from "./events.js";
export type {
  AveragedTraining,
  CheckpointInterval,
  EpochBatches,
  EvaluationPlan,
  Optimizer,
  TrainingOptions,
  TrainingOutcome,
  TrainingProgress,
} from "./options.js";
export { type LockAttempt, type LockHolder, tryLock } from "./process-lock.js";
export { RunFolder } from "./run-folder.js";
export {
  decodeSafetensors,
  encodeSafetensors,
  restoreTensor,
  type Safetensors,
  type StoredTensor,
  storeTensor,
} from "./safetensors.js";
export { train } from "./trainer.js";
