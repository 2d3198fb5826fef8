// The training methods' public face.

export type {
  Method,
  MethodSetup,
  MethodState,
  MethodWarning,
  StepContext,
  StepResult,
  TrainingBatch,
} from "./method.js";
