// The face of the packed store: a data set in one file, loaded by one read.
export { PACKED_MAGIC, type PackedHeader } from "./format.js";
export { readPacked, readPackedHeader, writePacked } from "./packed.js";
