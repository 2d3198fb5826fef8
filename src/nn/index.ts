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
export { defaultBias, defaultWeight } from "./initialisation.js";
export { currentLevers, type Levers, setLevers } from "./levers.js";
export { Linear } from "./linear.js";
export { buildModel, type ModelName, type ModelOptions, modelNames } from "./models.js";
export { Layer, Module, type ModuleMode } from "./module.js";
export { PreActivationBlock } from "./pre-activation-block.js";
export { PreActResNet18 } from "./preact-resnet.js";
export { BasicBlock, type BlockType, Bottleneck } from "./residual-block.js";
export {
  ResNet,
  type ResNetDescription,
  resnet18,
  resnet34,
  resnet50,
  type StageDescription,
} from "./resnet.js";
export { Relu, Sequential } from "./sequential.js";
export { SmallCnn } from "./small-cnn.js";
export { smallResNet } from "./small-resnet.js";
export { WeightAverage } from "./weight-average.js";
export { WideResNet, type WideResNetDescription, wrn28x10, wrn34x10 } from "./wide-resnet.js";
