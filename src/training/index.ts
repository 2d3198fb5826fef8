// The training's public face.
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
  CheckpointInterval,
  EpochBatches,
  EvaluationPlan,
  EvaluationProgress,
  Optimizer,
  TrainingOptions,
  TrainingOutcome,
  TrainingProgress,
} from "./options.js";
