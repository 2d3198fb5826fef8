// The face of the networks and the blocks they are built from.

export { ConvNext, type ConvNextDescription, convNextTiny } from "./convnext.js";
export type { ImageSides } from "./image-size.js";
export { laptopResNet } from "./laptop-resnet.js";
export {
  buildModel,
  dropPathNetworks,
  type ModelName,
  type ModelOptions,
  modelNames,
  requireImageSize,
} from "./models.js";
export { PreActivationBlock } from "./pre-activation-block.js";
export { PreActResNet18 } from "./preact-resnet.js";
export { BasicBlock, type BlockType, Bottleneck } from "./residual-block.js";
export {
  ResNet,
  type ResNetDescription,
  resnet18,
  resnet18ImageNet,
  resnet34,
  resnet50,
  resnet50ImageNet,
  type StageDescription,
} from "./resnet.js";
export { SmallCnn } from "./small-cnn.js";
export { smallResNet } from "./small-resnet.js";
export {
  VisionTransformer,
  type VisionTransformerDescription,
  vitSmall16,
} from "./vision-transformer.js";
export { WideResNet, type WideResNetDescription, wrn28x10, wrn34x10 } from "./wide-resnet.js";
