// The face of augmentation: crops, flips and the strong policies.
export { type CropFlip, type CropFlipOptions, cropFlip, drawCropFlip } from "./augmentation.js";
export { randAugment } from "./rand-augment.js";
export {
  type AugmentationPolicy,
  applyOperations,
  drawOperations,
  type PlannedOperation,
  type StrongAugmentation,
  strongAugmentations,
} from "./strong-augmentation.js";
