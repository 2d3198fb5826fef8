// The face of configuration: schema, presets, overrides, and messages on errors.
export { configToYaml, type ExperimentConfig, loadConfig, parseConfig } from "./config.js";
export { nearest } from "./nearest.js";
export { applyOverrides, isRecord } from "./overrides.js";
export { parseConfigText, presetFile, presetNames } from "./presets.js";
export { findProblems, type Problem, throwProblems } from "./problems.js";
export { experimentSchema, isNamedSource } from "./schema.js";
