// What other folders may use of the report.
export { auditedOn, auditVerdicts, renderAudit, writeAuditPage } from "./audit-page.js";
export { type DataPictureOptions, dataPicture, imagesOfPicture } from "./data-picture.js";
export { readRun } from "./read-run.js";
export { renderReport } from "./render-report.js";
export {
  type Checkpoint,
  type Figures,
  type Measurement,
  type ResultRow,
  resultRows,
} from "./result-rows.js";
export type { RunData, RunRecord } from "./run-record.js";
export { evaluationTable, runsTable, type TableRow, tableRows } from "./terminal-tables.js";
export { writeReport } from "./write-report.js";
