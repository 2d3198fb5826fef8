// Weights that other programs wrote, and how they become those of this project's networks.
export { type StoredState, type Translation, translate } from "./layouts.js";
export {
  type Normalisation,
  NormalisedInput,
  normalisationProblem,
  normalisations,
  requireNormalisation,
} from "./normalised-input.js";
export { loadWeightsFile, readWeightsFile, type WeightsFile } from "./weights-file.js";
