// Works a sweep off on this machine, through the queue that several processes may share.
import { dirname } from "node:path";
import type { EvaluationProgress } from "../../evaluation/index.js";
import type { TrainingProgress } from "../../training/index.js";
import { type QueueWatch, workThroughQueue } from "../queue.js";
import { runExperiment } from "../run.js";
import type { Sweep, SweepRun } from "./plan.js";
import { sweepRunStatus } from "./state.js";

/** What a sweep is watched and stopped with. */
export interface SweepWatch extends QueueWatch<SweepRun> {
  readonly onTraining?: (run: SweepRun, progress: TrainingProgress) => void;
  readonly onEvaluation?: (run: SweepRun, progress: EvaluationProgress) => void;
}

/**
 * Trains and measures what is missing. A run that fails does not stop the others.
 * @returns the runs that failed
 * @throws the signal's reason when it is aborted; a checkpoint is then written
 */
export async function workThroughSweep(
  sweep: Sweep,
  watch: SweepWatch = {},
): Promise<{ readonly run: SweepRun; readonly error: Error }[]> {
  const { signal } = watch;
  return workThroughQueue(
    sweep.runs,
    {
      isDone: (run) => sweepRunStatus(run).state === "done",
      finish: async (run) => {
        const { stopped } = await runExperiment(run.config, {
          ...{ runsFolder: dirname(run.folder), orContinue: true },
          ...(signal && { signal }),
          onProgress: (progress) => watch.onTraining?.(run, progress),
          onMeasurement: (_, progress) => watch.onEvaluation?.(run, progress),
        });
        if (stopped) signal?.throwIfAborted();
      },
    },
    watch,
  );
}
