// The face of Auto-PGD.
export { type ApgdOptions, apgd } from "./apgd.js";
