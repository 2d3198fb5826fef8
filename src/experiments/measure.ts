// Measures a run's checkpoints: clean accuracy and robust accuracy under each attack, one JSON file each.
import { type NamedAttack, namedAttack } from "../attacks/index.js";
import { evaluationBatches } from "../data/index.js";
import {
  type EvaluationProgress,
  type EvaluationResult,
  evaluate,
  readResults,
  writeResult,
} from "../evaluation/index.js";
import { inferenceModel } from "../methods/index.js";
import type { ImageClassifier } from "../nn/index.js";
import type { Device } from "../tensor/index.js";
import { type Environment, loadWeights, type RunFolder, weightsEpoch } from "../training/index.js";
import type { ExperimentConfig } from "./config.js";
import { type ExperimentData, uploadForEvaluation } from "./data.js";

/** What is measured. */
export interface Measurement {
  readonly checkpoint: "last" | "best";
  /** File of the weights. */
  readonly file: string;
  readonly split: "test" | "validation";
  /** Names such as "pgd-20". */
  readonly attacks: readonly string[];
  /** At most so many images, spread over the classes; null for all. */
  readonly images: number | null;
}

/** What it is measured with. */
export interface MeasurementContext {
  readonly run: RunFolder;
  readonly config: ExperimentConfig;
  readonly data: ExperimentData;
  readonly environment: Environment;
  readonly device: Device;
  /** Takes the checkpoint's weights; what it held before is lost. */
  readonly model: ImageClassifier;
  readonly onProgress?: ((progress: EvaluationProgress) => void) | undefined;
  /** Ends the work after the running batch by throwing the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** The named attacks with the budget that the configuration sets for evaluations. */
export function evaluationAttacks(config: ExperimentConfig, names: readonly string[]): NamedAttack[] {
  const { norm, epsilon, stepSize } = config.evaluation;
  return names.map((name) =>
    namedAttack(name, {
      norm,
      ...(epsilon !== null && { epsilon }),
      ...(stepSize !== null && { stepSize }),
    }),
  );
}

/**
 * Measures, writes a file for each attack into the run, and returns what is in them. What was measured before with the
 * same weights, images and constants is not measured again.
 * @throws ReatError `checkpoint`, `data`, `numerics` or `disk`; the signal's reason when it is aborted
 */
export async function measure(
  measurement: Measurement,
  context: MeasurementContext,
): Promise<EvaluationResult[]> {
  const { checkpoint, file, split } = measurement;
  const { run, config, data, device, model, onProgress, signal } = context;
  const { progress, weightAverage } = await loadWeights(file, model);
  const { batchSize } = config.evaluation;
  const seeds = { subset: config.seeds.subset, evaluation: config.seeds.evaluation };
  using images = uploadForEvaluation(data, split, measurement.images, device);
  const common = {
    run: run.name,
    checkpoint,
    epoch: weightsEpoch(progress),
    ...(weightAverage && { weights: "averaged" as const }),
    split,
    dataset: data.dataset.name,
    synthetic: data.dataset.synthetic,
    seeds,
    batchSize,
  };

  const attacks = evaluationAttacks(config, measurement.attacks);
  const describe = ({ name, constants }: NamedAttack) => ({ name, constants: { ...constants } });
  const known = readResults(run.evaluationsFolder);
  const earlier = attacks.map((attack) => {
    const wanted = JSON.stringify({ ...common, attack: describe(attack), images: images.count });
    return known.find((result) => identityOf(result) === wanted);
  });
  const missing = attacks.filter((_, i) => earlier[i] === undefined);
  const fresh = new Map<string, EvaluationResult>();
  if (missing.length > 0) {
    const evaluation = await evaluate({
      model: inferenceModel(config.method, { classCounts: data.subset.counts }, model),
      batches: evaluationBatches(images, batchSize),
      groups: data.groups,
      attacks: missing,
      seed: config.seeds.evaluation,
      onProgress,
      signal,
    });
    for (const [i, attack] of missing.entries()) {
      const { report, seconds } = evaluation.attacks[i]!;
      const result: EvaluationResult = {
        ...common,
        attack: describe(attack),
        clean: evaluation.clean,
        robust: report,
        seconds,
        time: new Date().toISOString(),
        environment: { ...context.environment },
      };
      await writeResult(run.evaluationsFolder, result);
      fresh.set(attack.name, result);
    }
  }
  return attacks.map((attack, i) => earlier[i] ?? fresh.get(attack.name)!);
}

/** All that decides a result's numbers; where it is the same, the numbers are. */
function identityOf(result: EvaluationResult): string {
  const { run, checkpoint, epoch, weights, split, dataset, synthetic, seeds, batchSize, attack, clean } =
    result;
  return JSON.stringify({
    ...{ run, checkpoint, epoch, weights, split, dataset, synthetic, seeds, batchSize },
    attack,
    images: clean.total,
  });
}
