// The tensor floor's public face: LibTorch through one generic operator call.

export {
  enableGrad,
  type GradOptions,
  grad,
  gradOrNull,
  inferenceMode,
  isGradEnabled,
  noGrad,
} from "./autograd.js";
export { batchFailure, type FailedBatch } from "./batch-failure.js";
export { type ConvolutionOptions, conv2d } from "./convolution.js";
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
export { type CaptureOptions, CudaGraph } from "./cuda-graph.js";
export { type DType, dtypes, elementSize, type TypedArray } from "./dtype.js";
export { DeviceError, OutOfMemoryError, TensorError } from "./errors.js";
export {
  adaptiveAvgPool2d,
  avgPool2d,
  type BatchNormArguments,
  batchNorm,
  type CrossEntropyOptions,
  crossEntropy,
  equal,
  gelu,
  layerNorm,
  linear,
  maxPool2d,
  oneHot,
  pad,
  type Reduction,
} from "./functional.js";
export { gatherRows } from "./gather-rows.js";
export type { Device } from "./handle.js";
export { type Held, held, keep, liveTensors, scope } from "./lifetime.js";
export {
  describeShortage,
  likelyBatchSize,
  type MemoryShortage,
  memoryShortage,
} from "./memory-shortage.js";
export type { DeviceMemory, LargeBlocks, SystemInfo } from "./native.js";
export {
  type Argument,
  callOperator,
  operator,
  operatorMany,
  type RecordedCall,
  type Result,
  recordOperators,
} from "./operator.js";
export {
  type AutocastOptions,
  autocast,
  type ShortType,
  setFloat32Precision,
  withoutAutocast,
} from "./precision.js";
export {
  ProcessGroup,
  type ProcessGroupOptions,
  processGroupTimeout,
  type SharedBatchNormArguments,
} from "./process-group.js";
export { ProcessTeam } from "./process-team.js";
export { Generator } from "./random.js";
export type { Dims } from "./reductions.js";
export {
  deviceMemory,
  largeBlocks,
  resolveDevice,
  setThreads,
  synchronize,
  systemInfo,
  threads,
} from "./system.js";
export { type Indexed, type MemoryFormat, type Operand, Tensor } from "./tensor.js";
