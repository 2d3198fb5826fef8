// What other folders may use of the data folder.
export { type CropFlip, type CropFlipOptions, cropFlip, drawCropFlip } from "./augmentation.js";
export {
  type Batch,
  BatchPlan,
  type DeviceSplit,
  epochOrder,
  evaluationBatches,
  type TrainingBatchOptions,
  trainingBatches,
  uploadSplit,
} from "./batches.js";
export { cacheFolder, downloadFolder } from "./cache.js";
export {
  CIFAR_CLASS_NAMES,
  CIFAR_LAYOUTS,
  CIFAR_MD5,
  type CifarForm,
  type CifarLayout,
  type CifarName,
} from "./cifar.js";
export { type ClassFolderOptions, readClassFolders } from "./class-folders.js";
export {
  type ClassStripOptions,
  type ClassStrips,
  type ContactSheetOptions,
  classStrips,
  contactSheet,
} from "./contact-sheet.js";
export { CounterRandom, mixSeed } from "./counter-random.js";
export {
  type ClassIds,
  countClasses,
  createDataset,
  type ImageDataset,
  type ImageSplit,
  indicesByClass,
  selectImages,
} from "./dataset.js";
export { type DataSource, describeSource, detectSource } from "./detect.js";
export { cifarDownload, type DownloadOptions, downloadCifar, downloadFile } from "./download.js";
export type { ImageSize } from "./image-decoder.js";
export { MersenneTwister } from "./mersenne-twister.js";
export { readPacked, readPackedHeader, writePacked } from "./packed.js";
export type { PackedHeader } from "./packed-format.js";
export { type LoadOptions, loadDataset, type Prepared, prepareDataset, readSource } from "./prepare.js";
export {
  CLASS_GROUPS,
  type ClassGroup,
  classCounts,
  classGroups,
  groupBounds,
  PROFILES,
  type Profile,
  type ProfileOptions,
  type TailRule,
} from "./profiles.js";
export type { Progress, ProgressReport } from "./progress.js";
export { randAugment } from "./rand-augment.js";
export {
  type AugmentationPolicy,
  applyOperations,
  drawOperations,
  type PlannedOperation,
  type StrongAugmentation,
  strongAugmentations,
} from "./strong-augmentation.js";
export { drawSubset, type Subset, type SubsetOptions } from "./subset.js";
export { type ClassSummary, channelStatistics, type DatasetSummary, summarizeDataset } from "./summary.js";
export { generateSynthetic, SYNTHETIC_DEFAULTS, type SyntheticOptions } from "./synthetic.js";
export { type FileVerdict, md5OfFile, type Verdict, type Verification, verifySource } from "./verify.js";
