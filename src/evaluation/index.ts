// The evaluation's public face.
export { type AccuracyReport, accuracyReport, type ClassAccuracy } from "./accuracy.js";
