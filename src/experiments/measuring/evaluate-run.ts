// Measures checkpoints of a finished or stopped run with attacks chosen afterwards.
import type { Progress } from "../../data/index.js";
import { ReatError } from "../../errors.js";
import {
  type CheckpointName,
  checkpointNames,
  type EvaluationProgress,
  type EvaluationResult,
} from "../../evaluation/index.js";
import { type Precision, requireImageSize } from "../../nn/index.js";
import { type ProcessTeam, setThreads } from "../../tensor/index.js";
import { currentEnvironment, type RunFolder } from "../../training/index.js";
import { assembleModel } from "../assemble.js";
import { trainedClasses, unnamedClasses } from "../class-names.js";
import type { ExperimentConfig } from "../config/index.js";
import { loadData } from "../data.js";
import { locate } from "../locate.js";
import { ownDevice } from "../own-device.js";
import { requirePrecisions } from "../precision.js";
import { requireDataPlace, runConfig } from "../run-config.js";
import { AdversarialImages, type FeatureMap } from "./adversarial-images.js";
import {
  type AttackRequest,
  budgetNotes,
  type EvaluationBudget,
  planAttacks,
  requirePossible,
} from "./evaluation-plan.js";
import { measure } from "./measure.js";
import { requireReadable } from "./readable-run.js";
import { requireSearch, type SearchOptions } from "./search.js";

/** Settings that every evaluation can replace those of the configuration by. */
export interface EvaluationSettings extends SearchOptions {
  /** Names such as "pgd-100", or points of a curve; default: those of the run's configuration. */
  readonly attacks?: readonly AttackRequest[];
  /** Norm, radius, step, restarts, logit scale, for all attacks. Default: the configuration's. */
  readonly budget?: EvaluationBudget;
  /** At most so many images, spread over the classes; null for all; default: as configured. */
  readonly images?: number | null;
  /** Images attacked together; it decides which random numbers each gets. Default: as configured. */
  readonly batchSize?: number;
  /** Of the attacks' random numbers. Default: as configured. */
  readonly seed?: number;
  /** Of predictions and attacks on a GPU. Default: as configured, float32. */
  readonly precision?: Precision;
  /** Write clean and adversarial images there, as safetensors; see {@link AdversarialImages.write}. */
  readonly saveAdversarial?: string;
  /** With `saveAdversarial`: put the features of the attacked images into that file too, and a map of them by t-SNE. */
  readonly embedding?: FeatureMap;
  readonly onDataProgress?: Progress;
  readonly signal?: AbortSignal;
  /** Processes that share the batches, with the numbers of one. They see the files on one file system; rank 0 alone writes. */
  readonly team?: ProcessTeam | null;
  /** This process's number on its machine, which chooses its GPU. Default: 0. */
  readonly localRank?: number;
}

/** What is measured of a run: checkpoints, attacks, budget, images. */
export interface EvaluateRunOptions extends EvaluationSettings {
  readonly split?: "test" | "validation";
  /** Also count the images that are right when clean and wrong under the attack, as {@link EvaluationResult.lost}. Default: false. */
  readonly risk?: boolean;
  /** Also draw so many images of each class before and after each attack, into the run's folder `pictures`. */
  readonly pictures?: number;
  /** Which checkpoints, where a run folder is given. Default: both, if they exist. */
  readonly checkpoints?: readonly CheckpointName[];
  /** Over the run's configuration, such as `data.source=elsewhere` or `evaluation.epsilon=4/255`. */
  readonly overrides?: readonly string[];
  /** Of the model's outputs, in their order. Default: those that the run recorded. */
  readonly classNames?: readonly string[] | undefined;
  readonly onProgress?: (checkpoint: CheckpointName, progress: EvaluationProgress) => void;
}

/** The results of a run, in the order of checkpoints and attacks. */
export interface EvaluateRunOutcome {
  readonly run: RunFolder;
  readonly config: ExperimentConfig;
  readonly results: readonly EvaluationResult[];
  /** Names and training images of the classes, by class id. */
  readonly classes: { readonly names: readonly string[]; readonly counts: readonly number[] };
  /** How the classes of the data were matched with the model's, where that needs saying. */
  readonly notes: readonly string[];
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
  const { run, checkpoints } = locate(place, options.checkpoints ?? checkpointNames);
  const { saveAdversarial, budget, team } = options;
  const signal = team?.signal ?? options.signal;
  if (saveAdversarial !== undefined && checkpoints.length > 1) {
    throw new ReatError(
      "usage",
      `${place} has ${checkpoints.length} checkpoints, and adversarial images are saved of one: choose last or best.`,
    );
  }
  requireReadable(run);
  const config = withSettings(runConfig(run, options.overrides), options);
  // Checked before a data set is looked for.
  const requests = options.attacks ?? config.evaluation.attacks;
  requireSearch(planAttacks(config, requests, budget), options);
  if (config.threads !== null) setThreads(config.threads);
  const device = ownDevice(config.device, options.localRank);
  requirePrecisions({ ...config, precision: "auto" }, device);
  const trained = trainedClasses(run, options.classNames);
  if (trained) requirePossible(config, requests, trained.names.length, trained.of, budget);
  requireDataPlace(run, config);
  const data = await loadData(config, options.onDataProgress, trained);
  const { dataset } = data;
  requirePossible(config, requests, dataset.classNames.length, `"${dataset.name}"`, budget);
  requireImageSize(config.model.architecture, dataset);
  const notes = trained ? data.notes : [unnamedClasses(`the run ${run.name}`, data.dataset)];
  const environment = currentEnvironment(device);
  using model = disposable(assembleModel(config, data, device));
  const results: EvaluationResult[] = [];
  for (const { checkpoint, file } of checkpoints) {
    const kept = saveAdversarial === undefined ? null : new AdversarialImages(options.embedding);
    const onProgress = (progress: EvaluationProgress) => options.onProgress?.(checkpoint, progress);
    const measured = await measure(
      {
        ...{ checkpoint, file, split: options.split ?? "test", budget },
        attacks: requests,
        images: options.images === undefined ? config.evaluation.images : options.images,
        ...{ screen: options.screen, risk: options.risk, pictures: options.pictures },
      },
      {
        ...{ run, config, data, environment, device, model: model.value, signal, team },
        onProgress,
        ...(kept && {
          adversarial: {
            images: kept,
            done: (batches, classifier) =>
              kept.write(
                saveAdversarial!,
                batches,
                { run: run.name, checkpoint, dataset: data.dataset.name },
                { model: classifier, onProgress, signal },
              ),
          },
        }),
      },
    );
    results.push(...measured);
  }
  const classes = { names: dataset.classNames, counts: data.classCounts };
  return { run, config, results, classes, notes: [...notes, ...budgetNotes(requests, budget)] };
}

/** The configuration with the batch size, the seed, the precision and the tiles that were asked for. */
export function withSettings(
  config: ExperimentConfig,
  { batchSize, seed, precision, tiles }: EvaluationSettings,
): ExperimentConfig {
  return {
    ...config,
    evaluation: {
      ...config.evaluation,
      ...(batchSize !== undefined && { batchSize }),
      ...(precision !== undefined && { precision }),
      ...(tiles !== undefined && { tiles }),
    },
    seeds: { ...config.seeds, ...(seed !== undefined && { evaluation: seed }) },
  };
}

function disposable<T extends { dispose(): void }>(value: T): { readonly value: T } & Disposable {
  return { value, [Symbol.dispose]: () => value.dispose() };
}
