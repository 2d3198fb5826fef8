// The analysis floor's public face: what features say about a trained network.
export {
  mostPoints,
  requireMap,
  type TsneOptions,
  type TsneProgress,
  type TsneResult,
  tsne,
  usualPerplexity,
} from "./tsne.js";
