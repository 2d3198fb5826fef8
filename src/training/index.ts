// The training's public face.
export {
  type Checkpoint,
  loadModel,
  loadWeights,
  readCheckpoint,
  weightsDigest,
  weightsEpoch,
} from "./checkpoint.js";
export type { CheckpointState, TrainedSoFar } from "./checkpoint-state.js";
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
export { ExampleDrift, type ObservedImages } from "./example-drift.js";
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
export { type LockAttempt, type LockHolder, lockHolder, tryLock } from "./process-lock.js";
export { readRunEvents } from "./read-events.js";
export { RunFolder } from "./run-folder.js";
export {
  decodeSafetensors,
  encodeSafetensors,
  restoreTensor,
  type Safetensors,
  type StoredTensor,
  storeTensor,
} from "./safetensors.js";
export type { Shards } from "./sharded-step.js";
export { train } from "./trainer.js";
