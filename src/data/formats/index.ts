// The face of data set formats: how each is recognised and read.

export {
  type CifarForm,
  type CifarLayout,
  type CifarName,
  cifarClassNames,
  cifarLayouts,
  cifarMd5,
} from "./cifar.js";
export { type ClassFolderOptions, readClassFolders } from "./class-folders.js";
export { describeSource, detectSource, formatOf, readFound } from "./detect.js";
export { type DataFormat, defineFormat, type Finding, type FoundData, type ReadOptions } from "./format.js";
export { type DataSource, dataFormats } from "./formats.js";
export {
  type DecodeOptions,
  defaultPixelLimit,
  type ImageSize,
  type Orientation,
  orientations,
} from "./image-decoder.js";
export { type ImageHeader, readImageHeader } from "./image-header.js";
export { type LooseImage, type LooseImageOptions, looseImages } from "./loose-images.js";
export { isImage } from "./names.js";
export { type DamagedPolicy, damagedPolicies, type ImageOptions } from "./placed-images.js";
export { listSource, sourceFiles } from "./source-files.js";
