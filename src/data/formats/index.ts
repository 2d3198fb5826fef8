// The face of data set formats: how each is recognised and read.

export {
  CIFAR_CLASS_NAMES,
  CIFAR_LAYOUTS,
  CIFAR_MD5,
  type CifarForm,
  type CifarLayout,
  type CifarName,
} from "./cifar.js";
export { type ClassFolderOptions, readClassFolders } from "./class-folders.js";
export { describeSource, detectSource, formatOf, readFound } from "./detect.js";
export { type DataFormat, defineFormat, type Finding, type FoundData, type ReadOptions } from "./format.js";
export { type DataSource, dataFormats } from "./formats.js";
export {
  DEFAULT_PIXEL_LIMIT,
  type DecodeOptions,
  type ImageSize,
  ORIENTATIONS,
  type Orientation,
} from "./image-decoder.js";
export { type LooseImage, type LooseImageOptions, looseImages } from "./loose-images.js";
export { DAMAGED_POLICIES, type DamagedPolicy, type ImageOptions } from "./placed-images.js";
export { listSource } from "./source-files.js";
