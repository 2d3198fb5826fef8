// The configuration that a run was begun with, read back from its folder.
import type { RunFolder } from "../training/index.js";
import { applyOverrides, type ExperimentConfig, parseConfig, parseConfigText } from "./config/index.js";

/**
 * @param overrides texts such as `evaluation.epsilon=4/255`, applied over what the run has
 * @throws ReatError `config` naming the run's file, and the key where one is wrong
 */
export function runConfig(run: RunFolder, overrides: readonly string[] = []): ExperimentConfig {
  const raw = parseConfigText(run.config(), run.configFile);
  return parseConfig(applyOverrides(raw, overrides), run.configFile);
}
