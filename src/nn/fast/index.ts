// The face of the fast paths: blocked maps, tiles, folded normalisation.
export { convolveBlocks, inBlocks, toBlocks, worthBlocking } from "./blocked-maps.js";
export {
  type Ending,
  endWith,
  type FoldedConvolution,
  foldNorm,
} from "./folded-norm.js";
export { currentLevers, type Levers, setLevers } from "./levers.js";
export {
  convolveTiles,
  hasTiles,
  prepareTileWeights,
  type TileWeights,
  tilesWanted,
} from "./tile-convolution.js";
