// Weights that other programs wrote, renamed and loaded into this project's networks.
export { type StoredState, type Translation, translate } from "./layouts.js";
export {
  type Normalisation,
  NormalisedInput,
  normalisationProblem,
  normalisations,
  requireNormalisation,
} from "./normalised-input.js";
export { loadPretrained } from "./pretrained.js";
export { loadWeightsFile, readWeightsFile, type WeightsFile } from "./weights-file.js";
