// The face of logging for other programs.
export { type PastLogs, RunLogging, writePastLogs } from "./run-logging.js";
