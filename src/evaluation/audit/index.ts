// The face of the audit: checks of whether a robust accuracy can be believed.
export {
  type Audit,
  type AuditFigure,
  type AuditOptions,
  type AuditProgress,
  type AuditState,
  audit,
  auditCheckNames,
} from "./audit.js";
export type { LossSurface } from "./loss-surface.js";
export type { AuditRow, AuditVerdict, QuotedAttack, RowVerdict } from "./row.js";
