// The library's public face: every floor's, and nothing of its own.

// Names that two floors have mean here the one that users of the library meet; the other goes by a name of its own.
export * from "./attacks/index.js";
export type { Progress } from "./data/index.js";
export * from "./data/index.js";
export { type ErrorCode, ReatError } from "./errors.js";
export * from "./evaluation/index.js";
export * from "./experiments/index.js";
export * from "./export/index.js";
export { formatFraction, parseFraction } from "./fraction.js";
export * from "./losses/index.js";
export * from "./methods/index.js";
export * from "./nn/index.js";
export * from "./optim/index.js";
export * from "./report/index.js";
export * from "./tensor/index.js";
export type { Checkpoint } from "./training/index.js";
export * from "./training/index.js";
export * from "./weights/index.js";
