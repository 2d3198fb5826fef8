// What other folders may use of the data folder.
export {
  type AugmentationPolicy,
  applyCutMix,
  applyIdbh,
  applyOperations,
  type CropFlip,
  type CropFlipOptions,
  type CutMixOptions,
  type CutMixPlan,
  cropFlip,
  cutMixPartners,
  drawCropFlip,
  drawCutMix,
  drawIdbh,
  drawOperations,
  drawResizedCrops,
  type IdbhDraws,
  type IdbhName,
  type IdbhPlan,
  idbhErasing,
  idbhNames,
  type PlannedOperation,
  planIdbh,
  type ResizedCrop,
  type ResizedCropOptions,
  randAugment,
  resizedCrops,
  type StrongAugmentation,
  strongAugmentations,
} from "./augmentation/index.js";
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
  type ClassStripOptions,
  type ClassStrips,
  type ContactSheetOptions,
  classStrips,
  contactSheet,
} from "./contact-sheet.js";
export { contentHash } from "./content-hash.js";
export { CounterRandom, mixSeed } from "./counter-random.js";
export {
  type ClassIds,
  countClasses,
  createDataset,
  type DamagedFile,
  type ImageDataset,
  type ImageSplit,
  imageAt,
  indicesByClass,
  pagedSplit,
  selectImages,
  withLabels,
  writtenOut,
} from "./dataset.js";
export { cifarDownload, type DownloadOptions, downloadCifar, downloadFile } from "./download.js";
export {
  type CifarForm,
  type CifarLayout,
  type CifarName,
  type ClassFolderOptions,
  cifarClassNames,
  cifarLayouts,
  cifarMd5,
  type DamagedPolicy,
  type DataFormat,
  type DataSource,
  type DecodeOptions,
  damagedPolicies,
  dataFormats,
  defaultPixelLimit,
  defineFormat,
  describeSource,
  detectSource,
  type Finding,
  type FoundData,
  type ImageOptions,
  type ImageSize,
  type LooseImage,
  type LooseImageOptions,
  looseImages,
  type Orientation,
  orientations,
  type ReadOptions,
  readClassFolders,
} from "./formats/index.js";
export { imageStrip } from "./image-strip.js";
export {
  type ClassGroup,
  classCounts,
  classGroupNames,
  classGroups,
  drawSubset,
  groupBounds,
  type Profile,
  type ProfileOptions,
  profileNames,
  type Subset,
  type SubsetOptions,
  type TailRule,
} from "./long-tail/index.js";
export { MersenneTwister } from "./mersenne-twister.js";
export { PagedImages, type WholeImage } from "./paged-images.js";
export { type LoadOptions, loadDataset, type Prepared, prepareDataset, readSource } from "./prepare.js";
export type { Progress, ProgressReport } from "./progress.js";
export { type PackedHeader, readPacked, readPackedHeader, writePacked } from "./store/index.js";
export { StoredImages, type StoredPlace } from "./stored-images.js";
export { type ClassSummary, channelStatistics, type DatasetSummary, summarizeDataset } from "./summary.js";
export { type ImageSurvey, surveyImages } from "./survey.js";
export { generateSynthetic, type SyntheticOptions, syntheticDefaults } from "./synthetic/index.js";
export { type FileVerdict, md5OfFile, type Verdict, type Verification, verifySource } from "./verify.js";
