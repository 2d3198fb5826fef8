// A residual network between small-resnet and ResNet-18: what two CPU cores train adversarially in an hour or two.
import { BasicBlock } from "./residual-block.js";
import type { ResNetDescription } from "./resnet.js";

/**
 * Blocks of 64, 128 and 256 channels on 16×16, 8×8 and 4×4 maps: 2.7 million parameters, 173 MFLOP per image of 32×32, a quarter and a
 * sixth of ResNet-18's. The stem has the first stride, and most blocks stand where the maps are small, as in small-resnet.
 */
export const laptopResNet: ResNetDescription = {
  architecture: "laptop-resnet",
  block: BasicBlock,
  stemWidth: 64,
  stemStride: 2,
  stages: [
    { width: 64, blocks: 1, stride: 1 },
    { width: 128, blocks: 2, stride: 2 },
    { width: 256, blocks: 2, stride: 2 },
  ],
  memoryFormat: "channelsLast",
};
