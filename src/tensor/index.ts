// The tensor floor's public face: LibTorch through one generic operator call.

export type { Operand } from "./arithmetic.js";
export {
  enableGrad,
  type GradOptions,
  grad,
  gradOrNull,
  inferenceMode,
  isGradEnabled,
  noGrad,
} from "./autograd.js";
export {
  arange,
  cat,
  empty,
  eye,
  full,
  fullLike,
  type Nested,
  ones,
  onesLike,
  rand,
  randint,
  randn,
  randperm,
  stack,
  type TensorOptions,
  tensor,
  zeros,
  zerosLike,
} from "./creation.js";
export { type DType, dtypes, elementSize, type TypedArray } from "./dtype.js";
export { TensorError } from "./errors.js";
export {
  adaptiveAvgPool2d,
  avgPool2d,
  type BatchNormArguments,
  batchNorm,
  type ConvolutionOptions,
  type CrossEntropyOptions,
  conv2d,
  crossEntropy,
  equal,
  linear,
  maxPool2d,
  oneHot,
  pad,
  type Reduction,
} from "./functional.js";
export type { Device } from "./handle.js";
export { keep, liveTensors, scope } from "./lifetime.js";
export type { SystemInfo } from "./native.js";
export { type Argument, callOperator, operator, operatorMany, type Result } from "./operator.js";
export { Generator } from "./random.js";
export type { Dims, Indexed } from "./reductions.js";
export { resolveDevice, setThreads, systemInfo, threads } from "./system.js";
export { type MemoryFormat, Tensor } from "./tensor.js";
