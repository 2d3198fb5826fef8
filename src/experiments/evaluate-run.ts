// Measures checkpoints of a finished or stopped run with attacks chosen afterwards.
import type { Progress } from "../data/index.js";
import type { EvaluationProgress, EvaluationResult } from "../evaluation/index.js";
import { resolveDevice, setThreads } from "../tensor/index.js";
import { currentEnvironment, type RunFolder } from "../training/index.js";
import { assembleModel } from "./assemble.js";
import { parseConfig } from "./config.js";
import { loadData } from "./data.js";
import { locate } from "./locate.js";
import { measure } from "./measure.js";
import { applyOverrides } from "./overrides.js";
import { parseConfigText } from "./presets.js";

export interface EvaluateRunOptions {
  /** Names such as "pgd-100"; default: those of the run's configuration. */
  readonly attacks?: readonly string[];
  /** At most so many images, spread over the classes; null for all; default: as configured. */
  readonly images?: number | null;
  readonly split?: "test" | "validation";
  /** Which checkpoints, where a run folder is given. Default: both, as far as they are there. */
  readonly checkpoints?: readonly ("last" | "best")[];
  /** Over the run's configuration, such as `data.source=elsewhere` or `evaluation.epsilon=4/255`. */
  readonly overrides?: readonly string[];
  readonly onDataProgress?: Progress;
  readonly onProgress?: (checkpoint: "last" | "best", progress: EvaluationProgress) => void;
  readonly signal?: AbortSignal;
}

export interface EvaluateRunOutcome {
  readonly run: RunFolder;
  readonly results: readonly EvaluationResult[];
}

/**
 * Measures a run, or one checkpoint of a run, and writes the results into the run.
 * @param place run folder, or a checkpoint file in one
 * @throws ReatError `usage` where there is no run, `checkpoint` for damaged weights; the signal's reason when it is aborted
 */
export async function evaluateRun(
  place: string,
  options: EvaluateRunOptions = {},
): Promise<EvaluateRunOutcome> {
  const { run, checkpoints } = locate(place, options.checkpoints ?? ["last", "best"]);
  const raw = parseConfigText(run.config(), run.configFile);
  const config = parseConfig(applyOverrides(raw, options.overrides ?? []), run.configFile);
  if (config.threads !== null) setThreads(config.threads);
  const device = resolveDevice(config.device);
  const data = await loadData(config, options.onDataProgress);
  const environment = currentEnvironment(device);
  using model = disposable(assembleModel(config, data, device));
  const results: EvaluationResult[] = [];
  for (const { checkpoint, file } of checkpoints) {
    const measured = await measure(
      {
        ...{ checkpoint, file, split: options.split ?? "test" },
        attacks: options.attacks ?? config.evaluation.attacks,
        images: options.images === undefined ? config.evaluation.images : options.images,
      },
      {
        ...{ run, config, data, environment, device, model: model.value, signal: options.signal },
        onProgress: (progress) => options.onProgress?.(checkpoint, progress),
      },
    );
    results.push(...measured);
  }
  return { run, results };
}

function disposable<T extends { dispose(): void }>(value: T): { readonly value: T } & Disposable {
  return { value, [Symbol.dispose]: () => value.dispose() };
}
