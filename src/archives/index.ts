// The public face of archives: tar and zip files that others wrote, read safely.
export { listArchive, readArchive, readListed } from "./archive.js";
export { decodeName, folderOf } from "./entry-names.js";
export { type ArchiveLimits, Budget, defaultArchiveLimits } from "./limits.js";
export { someOf } from "./listing.js";
export {
  DamagedEntry,
  type ListedFile,
  type Listing,
  type SourceFile,
  type SourceProblem,
} from "./source-file.js";
export { readTar } from "./tar.js";
export { isZip, readStoredZip, readZip } from "./zip.js";
