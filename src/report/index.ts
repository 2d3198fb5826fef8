// What other folders may use of the report.
export {
  auditedOn,
  auditMarks,
  auditVerdicts,
  quotedFigure,
  renderAudit,
  writeAuditPage,
} from "./audit-page.js";
export { type DataPictureOptions, dataPicture, imagesOfPicture } from "./charts/index.js";
export {
  type Figures,
  type Measurement,
  type ResultRow,
  type RunData,
  type RunRecord,
  readRun,
  resultRows,
} from "./reading/index.js";
export { renderReport } from "./render-report.js";
export { type ReportSection, reportSections } from "./render-sections.js";
export { renderReproduction, reproductionCsv, writeReproduction } from "./reproduction-page.js";
export type { LoggedStep } from "./sections/index.js";
export { styleSheet } from "./styles.js";
export { evaluationTable, runsTable, type TableRow, tableRows } from "./terminal-tables.js";
export { writeReport } from "./write-report.js";
