// The face of the data sets drawn from a seed.
export { generateSynthetic, type SyntheticOptions, syntheticDefaults } from "./synthetic.js";
