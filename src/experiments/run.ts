// One experiment from beginning to end: data, subset, network, method, training, measurements.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { requireClassesFor } from "../attacks/index.js";
import { evaluationBatches, type ImageDataset, type Progress, trainingBatches } from "../data/index.js";
import { writeDurably } from "../durable-file.js";
import {
  type CheckpointName,
  checkpointNames,
  type EvaluationProgress,
  type EvaluationResult,
  evaluate,
} from "../evaluation/index.js";
import { inferenceModel, requireTrainingImages } from "../methods/index.js";
import { requireImageSize } from "../nn/index.js";
import { type Device, type ProcessTeam, setThreads } from "../tensor/index.js";
import {
  currentEnvironment,
  type EvaluationPlan,
  type RunEvent,
  RunFolder,
  type TrainingOutcome,
  type TrainingProgress,
  train,
} from "../training/index.js";
import { assembleLearner } from "./assemble.js";
import { trainedClasses } from "./class-names.js";
import { configToYaml, type ExperimentConfig } from "./config/index.js";
import {
  type ExperimentData,
  loadData,
  refuseUntrainable,
  uploadForEvaluation,
  uploadTraining,
} from "./data.js";
import { requireWholeLastBatch } from "./last-batch.js";
import { RunLogging } from "./logging/index.js";
import { attackBetweenEpochs, measure, requireReadable } from "./measuring/index.js";
import { ownDevice } from "./own-device.js";
import { duringTraining, requirePrecisions } from "./precision.js";
import { pretrainedWeights } from "./pretrained-weights.js";
import { requireDataPlace, runConfig, withFullPaths } from "./run-config.js";
import { decidingSettings, describeData } from "./run-record.js";
import { decidingMethod, loadTeacher, withFullTeacherPath } from "./teacher.js";
import { watchedImages } from "./watched-images.js";

/** What an experiment is watched and stopped with. */
export interface ExperimentOptions {
  /** Sees every event after it is in the log. */
  readonly reporter?: (event: RunEvent) => void;
  readonly onProgress?: (progress: TrainingProgress) => void;
  /** While data is read for the first time. */
  readonly onDataProgress?: Progress;
  /** While the checkpoints are measured at the end. */
  readonly onMeasurement?: (checkpoint: CheckpointName, progress: EvaluationProgress) => void;
  /** What was done to weights that the training begins with, a sentence at a time. */
  readonly onNote?: (sentence: string) => void;
  /** Stops after the running batch, with a checkpoint. */
  readonly signal?: AbortSignal;
  /** The processes that train together. They see the run's folder on one file system; rank 0 alone writes there. */
  readonly team?: ProcessTeam | null;
  /** This process's number on its machine, which chooses its GPU. Default: 0. */
  readonly localRank?: number;
}

/** The run that was trained, and how its training ended. */
export interface ExperimentOutcome {
  readonly run: RunFolder;
  readonly config: ExperimentConfig;
  readonly training: TrainingOutcome;
  /** True where the signal ended it before all was trained and measured; `resumeExperiment` continues it. */
  readonly stopped: boolean;
  /** Of the last checkpoint, then of the best one where there is one. */
  readonly results: readonly EvaluationResult[];
}

/**
 * Trains a new run in `<runsFolder>/<config.name>` and measures its checkpoints.
 * @throws ReatError `usage` where that folder holds a run already and `orContinue` is not set; otherwise as its parts do
 */
export async function runExperiment(
  config: ExperimentConfig,
  options: ExperimentOptions & {
    readonly runsFolder?: string;
    /** Continue the run where the folder holds it already, as after a restart. Default: false. */
    readonly orContinue?: boolean;
  } = {},
): Promise<ExperimentOutcome> {
  const { runsFolder = "runs", orContinue = false, team } = options;
  const folder = join(runsFolder, config.name);
  let resume = orContinue && RunFolder.isRun(folder);
  if (team?.leads !== false && !resume) RunFolder.requireNone(folder);
  // Rank 0 decides, and before it makes the folder.
  if (team) resume = (await team.fromLeader(Uint8Array.of(resume ? 1 : 0)))[0] === 1;
  return work(config, folder, resume, options);
}

/**
 * Continues a run where its last checkpoint is, or measures what is still to be measured.
 * @param overrides texts such as `training.epochs=100`; of what decides the weights only the number of epochs may change
 * @throws ReatError `usage` where there is no run, `checkpoint` naming keys that may not change
 */
export async function resumeExperiment(
  folder: string,
  overrides: readonly string[] = [],
  options: ExperimentOptions = {},
): Promise<ExperimentOutcome> {
  const run = RunFolder.open(folder);
  requireReadable(run);
  const config = runConfig(run, overrides);
  requireDataPlace(run, config);
  return work(config, folder, true, options);
}

async function work(
  config: ExperimentConfig,
  folder: string,
  resume: boolean,
  options: ExperimentOptions,
): Promise<ExperimentOutcome> {
  const { signal, team = null } = options;
  const leads = team?.leads ?? true;
  // Read before the data, so that a wrong file is refused quickly; a checkpoint that the run has goes before.
  const begun = resume && existsSync(RunFolder.open(folder).lastCheckpoint);
  const pretrained = begun ? null : await pretrainedWeights(config);
  if (config.threads !== null) setThreads(config.threads);
  const device = ownDevice(config.device, options.localRank);
  requirePrecisions(config, device);
  // A run continues with the classes that it began with.
  const trained = resume ? trainedClasses(RunFolder.open(folder)) : null;
  const data = await loadData(config, options.onDataProgress, trained);
  refuseUntrainable(data, config);
  requireTrainingImages(data.subset.counts, data.dataset.classNames);
  requireWholeLastBatch(config, data);
  requirePossible(config, data.dataset);
  const environment = { ...currentEnvironment(device), data: describeData(data), ...pretrained?.record };
  const text = configToYaml(withFullTeacherPath(withFullPaths(config)));
  const precision = duringTraining(config, device);
  using _precision = precision;
  using teacher = await loadTeacher(config, data, device);
  using learner = assembleLearner(config, data, device, teacher);
  for (const sentence of pretrained?.into(learner.network) ?? []) options.onNote?.(sentence);
  using images = uploadTraining(data, device);
  const { training, seeds } = config;
  const plan = evaluationPlan(config, data, device, learner.model, team);
  using _plan = plan;
  using observed = watchedImages(config, data, device);
  const batches = (epoch: number) =>
    trainingBatches(images, {
      batchSize: training.batchSize,
      seed: seeds.order,
      epoch: epoch - 1,
      augmentation: training.augment ? {} : false,
      resizedCrop: training.randomResizedCrop ?? null,
      dropLast: training.dropLast,
      strong: training.strongAugmentation === "none" ? null : training.strongAugmentation,
      cutMix: training.cutMix ?? null,
    });
  const batchesPerEpoch = batches(1).count;
  // Made last, so that a refusal leaves no run behind.
  const run = !leads
    ? RunFolder.ofAnother(folder)
    : resume
      ? RunFolder.open(folder, environment)
      : await RunFolder.create(folder, text, environment);
  using logging = leads ? await RunLogging.begin(run, config, data) : null;
  const report = (event: RunEvent) => {
    logging?.reporter(event);
    options.reporter?.(event);
  };
  const outcome = await train({
    ...learner,
    classNames: data.dataset.classNames,
    epochs: training.epochs,
    batchesPerEpoch,
    batches,
    run,
    seeds,
    settings: decidingSettings({ ...config, method: decidingMethod(config, teacher) }, data),
    resume,
    evaluation: plan,
    observed,
    select: training.select,
    checkpointEvery: {
      epochs: training.checkpointEvery.epochs,
      batches: training.checkpointEvery.batches ?? undefined,
      seconds: training.checkpointEvery.seconds ?? undefined,
    },
    logEvery: training.logEvery,
    reporter: report,
    ...(options.onProgress && { onProgress: options.onProgress }),
    ...(signal && { signal }),
    shards: {
      ...{ count: training.shards, reduction: training.reduction, seed: seeds.attack },
      tailOver: training.tailOver,
      batchNorm: training.batchNorm,
    },
    team,
  });
  if (leads && resume && run.environment() === null) {
    await writeDurably(run.environmentFile, `${JSON.stringify(environment, null, 2)}\n`);
  }
  precision[Symbol.dispose]();
  // The trainer took the new values; before that a refused override must leave the run as it was.
  if (leads && resume && run.config() !== text) await writeDurably(run.configFile, text);

  const results: EvaluationResult[] = [];
  let stopped = outcome.stopped;
  const asked = team?.signal ?? signal;
  for (const checkpoint of checkpointNames) {
    const file = run.checkpoint(checkpoint);
    if (stopped || !(await isThere(file, team))) continue;
    const { attacks, images: count } = config.evaluation;
    try {
      results.push(
        ...(await measure(
          { checkpoint, file, split: "test", attacks, images: count },
          {
            ...{ run, config, data, environment, device, model: learner.model, team },
            signal: asked,
            onProgress: (progress) => options.onMeasurement?.(checkpoint, progress),
          },
        )),
      );
    } catch (error) {
      if (!asked?.aborted) throw error;
      stopped = true;
    }
  }
  if (!stopped) await logging?.finish(results, learner.model, device);
  return { run, config, training: outcome, stopped, results };
}

/** As the first process sees it, because a file system of several machines may show a new file late. */
async function isThere(file: string, team: ProcessTeam | null): Promise<boolean> {
  return team ? team.decide(() => existsSync(file)) : existsSync(file);
}

/** Refused before the first step, and before a run is begun: what could only fail after the last. */
function requirePossible({ model, training, evaluation }: ExperimentConfig, dataset: ImageDataset): void {
  requireImageSize(model.architecture, dataset);
  const names = [training.evaluationAttack, ...evaluation.attacks];
  requireClassesFor(names, dataset.classNames.length, evaluation.norm, `"${dataset.name}"`);
}

/** The measurement between epochs; owns its images. */
function evaluationPlan(
  config: ExperimentConfig,
  data: ExperimentData,
  device: Device,
  model: Parameters<typeof evaluate>[0]["model"],
  team: ProcessTeam | null,
): EvaluationPlan & Disposable {
  const { select, evaluateEvery, evaluationAttack, evaluationImages } = config.training;
  const split = select === "validation" ? "validation" : "test";
  const images = uploadForEvaluation(data, split, evaluationImages, device);
  const attacks = [attackBetweenEpochs(config)];
  return {
    split,
    attack: evaluationAttack,
    everyEpochs: evaluateEvery,
    run: async ({ signal, onProgress }) => {
      const { clean, attacks: results } = await evaluate({
        tiles: config.evaluation.tiles,
        model: inferenceModel(config.method, data, model),
        batches: evaluationBatches(images, config.evaluation.batchSize),
        groups: data.groups,
        attacks,
        seed: config.seeds.evaluation,
        team,
        onProgress,
        signal,
      });
      return { clean, robust: results[0]!.report };
    },
    [Symbol.dispose]: () => images.dispose(),
  };
}
