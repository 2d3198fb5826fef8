// The face of cards: what readers of weights are told about them.
export type { CardFacts, RunFacts } from "./facts.js";
export { modelCard } from "./model-card.js";
export { type RobustBenchRecord, robustBenchRecord } from "./robustbench.js";
