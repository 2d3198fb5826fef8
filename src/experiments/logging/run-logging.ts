// Logs for other programs, of running and of finished runs.
import { type EvaluationResult, readResults } from "../../evaluation/index.js";
import { type LogForm, type LoggedImage, RunLogs } from "../../export/index.js";
import type { ImageClassifier } from "../../nn/index.js";
import type { Device } from "../../tensor/index.js";
import { type RunEvent, RunFolder, readRunEvents } from "../../training/index.js";
import { trainedClasses } from "../class-names.js";
import type { ExperimentConfig } from "../config/index.js";
import { type ExperimentData, loadData } from "../data.js";
import { runConfig } from "../run-config.js";
import { adversarialSheet, trainingSheet } from "./example-images.js";

/** The logs that a configuration asks for, written along with the run. Hold it with `using`. */
export class RunLogging implements Disposable {
  #logs: RunLogs | null = null;

  private constructor(
    readonly run: RunFolder,
    readonly config: ExperimentConfig,
    readonly data: ExperimentData,
    readonly images: readonly LoggedImage[],
  ) {}

  /** Null where the configuration asks for none. */
  static async begin(
    run: RunFolder,
    config: ExperimentConfig,
    data: ExperimentData,
  ): Promise<RunLogging | null> {
    const { logging } = config;
    if (logging.length === 0) return null;
    return new RunLogging(
      run,
      config,
      data,
      logging.includes("tensorboard") ? [await trainingSheet(data)] : [],
    );
  }

  /** Writes an event that is already in the run's own log. @throws ReatError `disk` */
  readonly reporter = (event: RunEvent): void => {
    if (this.#logs) {
      this.#logs.add(event);
      return;
    }
    // A continued run has lost the events after its checkpoint, so the logs are written anew.
    const { run, config, data, images } = this;
    const options = { forms: config.logging, classNames: data.dataset.classNames, images };
    this.#logs = new RunLogs({ folder: run.path, ...options }, readRunEvents(run.metricsFile));
  };

  /** Writes the final measurements, and adversarial examples on the trained network. */
  async finish(
    results: readonly EvaluationResult[],
    network: ImageClassifier,
    device: Device,
  ): Promise<void> {
    if (!this.#logs) return;
    const { config, data } = this;
    this.#logs.addResults(results);
    if (!config.logging.includes("tensorboard") || data.dataset.test.count === 0) return;
    this.#logs.addImages(config.training.epochs, [await adversarialSheet(config, data, network, device)]);
  }

  [Symbol.dispose](): void {
    this.#logs?.[Symbol.dispose]();
  }
}

/** What was written of a past run. */
export interface PastLogs {
  /** Folders below the run's. */
  readonly folders: readonly string[];
  /** What could not be shown, one sentence for each thing. */
  readonly notes: readonly string[];
}

/**
 * Writes the logs of a finished run from what is in its folder.
 * @throws ReatError `usage` where there is no run, `data` for a damaged log, `disk`
 */
export async function writePastLogs(folder: string, forms: readonly LogForm[]): Promise<PastLogs> {
  const run = RunFolder.open(folder);
  const notes: string[] = [];
  const images: LoggedImage[] = [];
  if (forms.includes("tensorboard")) {
    try {
      images.push(await trainingSheet(await loadData(runConfig(run))));
    } catch (cause) {
      notes.push(
        `There are no pictures of ${run.name}, because its data cannot be read: ${(cause as Error).message}`,
      );
    }
  }
  const classNames = trainedClasses(run)?.names ?? [];
  const events = readRunEvents(run.metricsFile);
  using logs = new RunLogs({ folder: run.path, forms, classNames, images }, events);
  logs.addResults(readResults(run.evaluationsFolder));
  return { folders: forms.map((form) => `${run.path}/${form}`), notes };
}
