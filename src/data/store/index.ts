// The face of the packed store: a data set in one file, loaded by one read.
export { type PackedHeader, packedMagic } from "./format.js";
export { mostInMemory, readPacked, readPackedHeader, writePacked } from "./packed.js";
