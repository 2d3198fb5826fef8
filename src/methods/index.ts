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
export {
  createMethod,
  type MethodEntry,
  type MethodName,
  type MethodOptions,
  methodNames,
  methodOptions,
  methods,
} from "./methods.js";
export { type PgdAtOptions, pgdAt, pgdAtOptions } from "./pgd-at.js";
export { Reat } from "./reat.js";
export { type ReatOptions, reatOptions } from "./reat-options.js";
export type { TrainingAttackOptions } from "./training-attack.js";
