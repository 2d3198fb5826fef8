// Networks: modules, layers, models by name.

export { BatchNorm } from "./batch-norm.js";
export { ImageClassifier } from "./classifier.js";
export { classifierHead } from "./classifier-head.js";
export { Conv2d, type Conv2dOptions } from "./conv2d.js";
export {
  acceptedClassifiers,
  type ClassifierName,
  CosineLinear,
  type CosineOptions,
  classifierNames,
  parseClassifier,
} from "./cosine-linear.js";
export type { DropPath } from "./drop-path.js";
export {
  currentLevers,
  currentPrecision,
  type Levers,
  type Precision,
  precisions,
  setLevers,
  setPrecision,
} from "./fast/index.js";
export { defaultBias, defaultWeight } from "./initialisation.js";
export { LayerNorm } from "./layer-norm.js";
export { Linear } from "./linear.js";
export { Layer, Module, type ModuleMode } from "./module.js";
export {
  BasicBlock,
  type BlockType,
  Bottleneck,
  buildModel,
  ConvNext,
  type ConvNextDescription,
  convNextTiny,
  dropPathNetworks,
  type ImageSides,
  laptopResNet,
  type ModelName,
  type ModelOptions,
  modelNames,
  PreActivationBlock,
  PreActResNet18,
  ResNet,
  type ResNetDescription,
  requireImageSize,
  resnet18,
  resnet18ImageNet,
  resnet34,
  resnet50,
  resnet50ImageNet,
  SmallCnn,
  type StageDescription,
  smallResNet,
  VisionTransformer,
  type VisionTransformerDescription,
  vitSmall16,
  WideResNet,
  type WideResNetDescription,
  wrn28x10,
  wrn34x10,
} from "./networks/index.js";
export { Relu, Sequential } from "./sequential.js";
export { sharedStatistics, withSharedStatistics } from "./shared-statistics.js";
export { type TiledClassifier, throughTiles, usesTiles } from "./through-tiles.js";
export { WeightAverage, warmedDecay } from "./weight-average.js";
