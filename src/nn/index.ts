// Networks: modules, layers, models by name.

export { BatchNorm } from "./batch-norm.js";
export { ImageClassifier } from "./classifier.js";
export { Conv2d, type Conv2dOptions } from "./conv2d.js";
export { defaultBias, defaultWeight } from "./initialisation.js";
export { Linear } from "./linear.js";
export { buildModel, type ModelName, type ModelOptions, modelNames } from "./models.js";
export { Layer, Module, type ModuleMode } from "./module.js";
export { BasicBlock, type BlockType } from "./residual-block.js";
export { ResNet, type ResNetDescription, resnet18, type StageDescription } from "./resnet.js";
export { Relu, Sequential } from "./sequential.js";
export { SmallCnn } from "./small-cnn.js";
export { smallResNet } from "./small-resnet.js";
