// The face of the fast paths: blocked maps, tiles, folded normalisation, a GPU's fused convolutions and short types.
export { convolveActivated } from "./activated-convolution.js";
export { convolveBlocks, inBlocks, outOfBlocks, toBlocks, worthBlocking } from "./blocked-maps.js";
export {
  type Ending,
  endWith,
  type FoldedConvolution,
  foldNorm,
} from "./folded-norm.js";
export { currentLevers, type Levers, setLevers } from "./levers.js";
export {
  currentPrecision,
  inMapLayout,
  inPrecision,
  type Precision,
  pooled,
  precisions,
  setPrecision,
} from "./precision.js";
export {
  convolveTiles,
  hasTiles,
  prepareTileWeights,
  type TileWeights,
  tileConvolutions,
  tilesWanted,
} from "./tile-convolution.js";
export {
  convolveInTraining,
  finishMaps,
  type MeasuredMaps,
  type PendingMaps,
  sumInTraining,
  worthTrainingInTiles,
} from "./training-tiles.js";
