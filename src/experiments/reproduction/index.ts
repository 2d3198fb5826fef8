// The face of reproducing the paper's tables.
export { type Budget, type BudgetName, budgetNames, budgets } from "./budgets.js";
export {
  type DifferenceVerdict,
  differenceSentence,
  differenceVerdict,
  intervalReach,
  type MeanOfRuns,
  meanOfRuns,
  pairedDifference,
  signed,
} from "./differences.js";
export { estimate, type ReproductionEstimate } from "./estimate.js";
export { type MappedFeatures, readFeatures } from "./features.js";
export type { CheckedClaim, ReproducedFigure, ReproducedFigureRow } from "./figure-results.js";
export {
  curveSteps,
  type FigureClaim,
  type FigureKind,
  type FigureQuantity,
  type FigureRow,
  type PaperFigure,
  paperFigures,
} from "./figures.js";
export {
  type PlannedEvaluation,
  type PlannedFigure,
  type PlannedRow,
  type PlannedTraining,
  planReproduction,
  type ReproductionOptions,
  type ReproductionPlan,
} from "./plan.js";
export { type PublishedFigure, type PublishedRow, publishedRow } from "./published.js";
export { artefactNames, chosenArtefacts, type ReproducedRow, reproducedRows } from "./rows.js";
export {
  type ReproducedCell,
  type ReproducedTable,
  type ReproducedTableRow,
  type Reproduction,
  readReproduction,
} from "./tables.js";
export {
  type FailedTraining,
  isFinished,
  type ReproductionWatch,
  resultOf,
  type TrainingState,
  trainingState,
  workThrough,
} from "./work.js";
