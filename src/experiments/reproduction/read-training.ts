// What a run of a reproduction has by now: results, epochs, time, data.
import { type EvaluationResult, readResults } from "../../evaluation/index.js";
import { type EpochEvent, RunFolder, readRunEvents } from "../../training/index.js";
import type { PlannedTraining } from "./plan.js";

/** A run as far as it is; results and epochs are there once its training has ended. */
export interface ReadTraining {
  readonly training: PlannedTraining;
  readonly results: readonly EvaluationResult[];
  /** In order, each once. */
  readonly epochs: readonly EpochEvent[];
  /** Of training, and of the measurements between epochs. */
  readonly seconds: number;
  readonly environment: Readonly<Record<string, unknown>>;
  readonly data: {
    readonly synthetic: boolean;
    readonly classNames: readonly string[];
    readonly trainCounts: readonly number[];
  };
}

/** @returns null where the run has not begun @throws ReatError `data` for damaged files */
export function readTraining(training: PlannedTraining): ReadTraining | null {
  if (!RunFolder.isRun(training.folder)) return null;
  const run = RunFolder.open(training.folder);
  const events = readRunEvents(run.metricsFile);
  const ended = events.some(({ type }) => type === "end");
  // A run that goes on after a stop does the rest of an epoch again; the later one counts.
  const epochs = new Map(events.flatMap((event) => (event.type === "epoch" ? [[event.epoch, event]] : [])));
  const environment = run.environment();
  const data = (environment as { data?: Partial<ReadTraining["data"]> } | null)?.data;
  const between = events.reduce((sum, event) => sum + (event.type === "evaluation" ? event.seconds : 0), 0);
  return {
    training,
    results: ended ? readResults(run.evaluationsFolder) : [],
    epochs: ended ? [...epochs.values()] : [],
    seconds: [...epochs.values()].reduce((sum, { seconds }) => sum + seconds, between),
    environment: { ...environment },
    data: { synthetic: false, classNames: [], trainCounts: [], ...data },
  };
}

/** Of all its results. */
export function measuringSeconds({ results }: ReadTraining): number {
  return results.reduce((sum, { seconds }) => sum + seconds, 0);
}
