// The analysis floor's public face: what features say about a trained network.
export { silhouettes } from "./silhouette.js";
export {
  mostPoints,
  requireMap,
  type TsneOptions,
  type TsneProgress,
  type TsneResult,
  tsne,
  usualPerplexity,
} from "./tsne.js";
