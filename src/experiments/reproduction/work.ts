// Works through a reproduction's queue: what is trained and measured of each run, and what is not.
import { join } from "node:path";
import { canonicalJson } from "../../canonical-json.js";
import { type EvaluationProgress, type EvaluationResult, readResults } from "../../evaluation/index.js";
import { RunFolder, readRunEvents, type TrainingProgress } from "../../training/index.js";
import { evaluateRun } from "../measuring/index.js";
import { type QueueWatch, workThroughQueue } from "../queue.js";
import { resumeExperiment, runExperiment } from "../run.js";
import { hasFeatures, makeFeatures } from "./features.js";
import type { PlannedEvaluation, PlannedTraining, ReproductionPlan } from "./plan.js";

/** How far a run of the queue is. */
export interface TrainingState {
  readonly trained: boolean;
  /** Evaluations that are still to be made. */
  readonly missing: readonly PlannedEvaluation[];
  /** Whether features are wanted that are not there. */
  readonly featuresMissing: boolean;
}

/** Whether nothing is left to be done. */
export function isFinished({ trained, missing, featuresMissing }: TrainingState): boolean {
  return trained && missing.length === 0 && !featuresMissing;
}

/** A run that could not be finished. */
export interface FailedTraining {
  readonly training: PlannedTraining;
  readonly error: Error;
}

/** What work is watched and stopped with. */
export interface ReproductionWatch extends QueueWatch<PlannedTraining> {
  readonly onTraining?: (training: PlannedTraining, progress: TrainingProgress) => void;
  readonly onEvaluation?: (training: PlannedTraining, progress: EvaluationProgress) => void;
}

/** What of a run is there. @throws ReatError `data` for damaged files */
export function trainingState(training: PlannedTraining, plan: ReproductionPlan): TrainingState {
  const featuresMissing = training.features && !hasFeatures(training);
  if (!RunFolder.isRun(training.folder)) {
    return { trained: false, missing: training.evaluations, featuresMissing };
  }
  const run = RunFolder.open(training.folder);
  const trained = readRunEvents(run.metricsFile).some(({ type }) => type === "end");
  const results = trained ? readResults(run.evaluationsFolder) : [];
  const missing = training.evaluations.filter((each) => resultOf(results, each, plan) === null);
  return { trained, missing, featuresMissing };
}

/** The result of an evaluation among those of its run; null where there is none. */
export function resultOf(
  results: readonly EvaluationResult[],
  { attack, budget }: PlannedEvaluation,
  { budget: { checkpoint, images } }: ReproductionPlan,
): EvaluationResult | null {
  const found = results.filter(
    (result) =>
      result.checkpoint === checkpoint &&
      result.split === "test" &&
      result.attack.name === attack &&
      (result.attack.constants.norm ?? "linf") === (budget.norm ?? "linf") &&
      (result.attack.constants.logitScale ?? 1) === (budget.logitScale ?? 1) &&
      (images === null || result.clean.total <= images),
  );
  return found.sort((a, b) => b.clean.total - a.clean.total || (a.time < b.time ? 1 : -1))[0] ?? null;
}

/**
 * Trains and measures what is missing. A run that fails does not stop the others.
 * @returns the runs that failed
 * @throws the signal's reason when it is aborted; a checkpoint is then written
 */
export async function workThrough(
  plan: ReproductionPlan,
  watch: ReproductionWatch = {},
): Promise<FailedTraining[]> {
  const failed = await workThroughQueue(
    plan.trainings,
    {
      isDone: (training) => isFinished(trainingState(training, plan)),
      finish: (training) => finish(training, plan, watch),
    },
    watch,
  );
  return failed.map(({ run, error }) => ({ training: run, error }));
}

async function finish(
  training: PlannedTraining,
  plan: ReproductionPlan,
  watch: ReproductionWatch,
): Promise<void> {
  const { folder, config } = training;
  const { signal } = watch;
  const options = {
    ...(signal && { signal }),
    onProgress: (progress: TrainingProgress) => watch.onTraining?.(training, progress),
    onMeasurement: (_: string, progress: EvaluationProgress) => watch.onEvaluation?.(training, progress),
  };
  const source = `data.source=${JSON.stringify(config.data.source)}`;
  if (!trainingState(training, plan).trained) {
    const begun = RunFolder.isRun(folder);
    const { stopped } = begun
      ? await resumeExperiment(folder, [source], options)
      : await runExperiment(config, { ...options, runsFolder: join(folder, "..") });
    if (stopped) signal?.throwIfAborted();
  }
  const { checkpoint, images } = plan.budget;
  const byBudget = new Map<string, PlannedEvaluation[]>();
  for (const each of training.evaluations) {
    const key = canonicalJson(each.budget);
    byBudget.set(key, [...(byBudget.get(key) ?? []), each]);
  }
  for (const evaluations of byBudget.values()) {
    await evaluateRun(folder, {
      attacks: evaluations.map(({ attack }) => attack),
      budget: evaluations[0]!.budget,
      ...{ checkpoints: [checkpoint], images, overrides: [source] },
      ...(signal && { signal }),
      onProgress: (_, progress) => watch.onEvaluation?.(training, progress),
    });
  }
  if (training.features && !hasFeatures(training)) {
    await makeFeatures(training, plan, [source], {
      ...(signal && { signal }),
      onProgress: (progress) => watch.onEvaluation?.(training, progress),
    });
  }
}
