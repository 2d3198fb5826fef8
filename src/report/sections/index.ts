// The face of the sections of a run's report.
export { attackCurvesSection } from "./attack-curves.js";
export { classesSection } from "./classes.js";
export { classDifferencesSection, configDifferencesSection, verdictSection } from "./comparison.js";
export { curvesSection } from "./curves.js";
export { ensemblesSection } from "./ensembles.js";
export { headerSection, protocolSection, reportTitle } from "./header.js";
export { dataSetOf, panels, type ShownRun, shownRuns } from "./parts.js";
export { picturesSection } from "./pictures.js";
export { predictionsSection } from "./predictions.js";
export { reproduceSection } from "./reproduce.js";
export { resultsSection } from "./results.js";
export { type LoggedStep, stepsSection } from "./steps.js";
