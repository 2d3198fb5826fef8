// The face of the data sets drawn from a seed.
export { generateSynthetic, SYNTHETIC_DEFAULTS, type SyntheticOptions } from "./synthetic.js";
