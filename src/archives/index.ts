// The public face of archives: tar and zip files that others wrote, read safely.
export { readTar, type SourceFile } from "./tar.js";
export { isZip, readZip } from "./zip.js";
