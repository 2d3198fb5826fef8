// The face of logs: TensorBoard's event files and CSV tables.
export { type LogForm, logForms, type RunLogOptions, RunLogs } from "./run-logs.js";
export type { LoggedImage } from "./tensorboard.js";
