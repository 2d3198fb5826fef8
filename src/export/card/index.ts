// The face of cards: descriptions of weights for their users.
export type { CardFacts, RunFacts } from "./facts.js";
export { modelCard } from "./model-card.js";
export { type RobustBenchRecord, robustBenchRecord } from "./robustbench.js";
