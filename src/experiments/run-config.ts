// The configuration that a run was begun with, read back from its folder, and where its data lies.
import { existsSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import { ReatError } from "../errors.js";
import type { RunFolder } from "../training/index.js";
import {
  applyOverrides,
  type ExperimentConfig,
  isNamedSource,
  parseConfig,
  parseConfigText,
} from "./config/index.js";

/**
 * The configuration of a run that is there.
 * @param overrides texts such as `evaluation.epsilon=4/255`, applied over what the run has
 * @throws ReatError `config` naming the run's file, and the key where one is wrong
 */
export function runConfig(run: RunFolder, overrides: readonly string[] = []): ExperimentConfig {
  const raw = parseConfigText(run.config(), run.configFile);
  return parseConfig(applyOverrides(raw, overrides), run.configFile);
}

/** With the full paths of data in files and of weights: a run is continued and measured from other folders than it was begun in. */
export function withFullPaths(config: ExperimentConfig): ExperimentConfig {
  const { source } = config.data;
  const { weights } = config.model;
  // A folder called cifar10 goes before the set of that name.
  const inFiles = !/^synthetic(:|$)/.test(source) && existsSync(source);
  return {
    ...config,
    ...(inFiles && { data: { ...config.data, source: resolve(source) } }),
    ...(weights !== undefined && { model: { ...config.model, weights: resolve(weights) } }),
  };
}

/**
 * @throws ReatError `data` where a run's data is not where its configuration says, with the option that gives its place
 */
export function requireDataPlace({ name }: RunFolder, { data: { source } }: ExperimentConfig): void {
  if (isNamedSource(source) || existsSync(source)) return;
  const where = isAbsolute(source)
    ? `in ${source}, and nothing is there now`
    : `in ${source}, seen from the folder that it was begun in, and there is no such thing in ${resolve(".")}`;
  throw new ReatError("data", `The data of the run ${name} was ${where}: --data <path> gives its place.`);
}
