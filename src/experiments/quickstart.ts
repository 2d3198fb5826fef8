// The first five minutes: PGD-AT and REAT with the same budget on images that reat draws itself.
import { join } from "node:path";
import { ReatError } from "../errors.js";
import { type RunEvent, RunFolder, type TrainingProgress } from "../training/index.js";
import { loadConfig } from "./config/index.js";
import { type ExperimentOptions, type ExperimentOutcome, resumeExperiment, runExperiment } from "./run.js";

/** The presets that are compared, by their method's name. */
export const quickstartConfigs = { "PGD-AT": "quickstart-pgd-at", REAT: "quickstart-reat" } as const;

export type QuickstartMethod = keyof typeof quickstartConfigs;

export interface QuickstartOptions {
  /** Default: `runs`. */
  readonly runsFolder?: string;
  /** Over both presets, such as `training.epochs=1`. */
  readonly overrides?: readonly string[];
  readonly reporter?: (method: QuickstartMethod, event: RunEvent) => void;
  readonly onProgress?: (method: QuickstartMethod, progress: TrainingProgress) => void;
  readonly onMeasurement?: (
    method: QuickstartMethod,
    ...measured: Parameters<NonNullable<ExperimentOptions["onMeasurement"]>>
  ) => void;
  readonly signal?: AbortSignal;
}

/** The runs of the quickstart, and their report. */
export interface QuickstartOutcome {
  readonly experiments: readonly { readonly method: QuickstartMethod; readonly outcome: ExperimentOutcome }[];
  readonly stopped: boolean;
}

/**
 * Trains and measures both; a run that was stopped, or is finished with the same configuration, is continued or reused.
 * @throws ReatError as an experiment does
 */
export async function quickstart(options: QuickstartOptions = {}): Promise<QuickstartOutcome> {
  const { runsFolder = "runs", overrides = [], signal } = options;
  const experiments: { method: QuickstartMethod; outcome: ExperimentOutcome }[] = [];
  for (const method of Object.keys(quickstartConfigs) as QuickstartMethod[]) {
    const config = loadConfig(quickstartConfigs[method], overrides);
    const watch: ExperimentOptions = {
      reporter: (event) => options.reporter?.(method, event),
      onProgress: (progress) => options.onProgress?.(method, progress),
      onMeasurement: (...measured) => options.onMeasurement?.(method, ...measured),
      ...(signal && { signal }),
    };
    const folder = join(runsFolder, config.name);
    const outcome = RunFolder.isRun(folder)
      ? await resumeOr(folder, overrides, watch)
      : await runExperiment(config, { ...watch, runsFolder });
    experiments.push({ method, outcome });
    if (outcome.stopped) return { experiments, stopped: true };
  }
  return { experiments, stopped: false };
}

async function resumeOr(folder: string, overrides: readonly string[], watch: ExperimentOptions) {
  try {
    return await resumeExperiment(folder, overrides, watch);
  } catch (error) {
    if (!(error instanceof ReatError)) throw error;
    throw new ReatError(
      error.code,
      `${folder} holds an earlier quickstart that cannot be continued (${error.message.replace(/\.$/, "")}); delete it, or choose another folder with --runs.`,
      { cause: error },
    );
  }
}
