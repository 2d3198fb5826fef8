// The face of augmentation: crops, flips and the strong policies.
export { type CropFlip, type CropFlipOptions, cropFlip, drawCropFlip } from "./augmentation.js";
export type { AugmentationPolicy, PlannedOperation } from "./augmentation-policy.js";
export {
  applyCutMix,
  type CutMixOptions,
  type CutMixPlan,
  cutMixPartners,
  drawCutMix,
  partnerSeed,
} from "./cutmix.js";
export {
  applyIdbh,
  drawIdbh,
  type IdbhDraws,
  type IdbhName,
  type IdbhPlan,
  idbhErasing,
  idbhNames,
  planIdbh,
} from "./idbh.js";
export { randAugment } from "./rand-augment.js";
export {
  drawResizedCrops,
  type ResizedCrop,
  type ResizedCropOptions,
  resizedCrops,
} from "./resized-crop.js";
export {
  applyOperations,
  drawOperations,
  type StrongAugmentation,
  strongAugmentations,
} from "./strong-augmentation.js";
