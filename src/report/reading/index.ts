// The face of reading: a finished run, read back from its folder.
export { type AttackCurve, attackCurves } from "./attack-curves.js";
export { type Margins, marginsOf } from "./margins.js";
export { readRun } from "./read-run.js";
export {
  attacksOf,
  eventLog,
  type Figures,
  figureGap,
  figureNames,
  type Measurement,
  type ResultRow,
  resultRows,
} from "./result-rows.js";
export {
  className,
  currentResults,
  type RunData,
  type RunRecord,
  type Settings,
  setting,
} from "./run-record.js";
export { type SeedMean, seedMeans } from "./seed-means.js";
export { mcNemar, type Verdict, verdicts } from "./verdict.js";
