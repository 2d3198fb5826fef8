// Measures a run's checkpoints: clean accuracy and robust accuracy under each attack, one JSON file each.
import { existsSync } from "node:fs";
import { type BatchPlan, evaluationBatches, uploadSplit } from "../../data/index.js";
import {
  type AccuracyReport,
  attackLabel,
  type CheckpointName,
  type EvaluationProgress,
  type EvaluationResult,
  readResults,
  resultFileName,
  resultIdentity,
  writePictures,
  writeResult,
} from "../../evaluation/index.js";
import { inferenceModel } from "../../methods/index.js";
import type { ImageClassifier } from "../../nn/index.js";
import type { Device, ProcessTeam } from "../../tensor/index.js";
import {
  type Environment,
  loadModel,
  type RunFolder,
  readCheckpoint,
  weightsEpoch,
} from "../../training/index.js";
import type { ExperimentConfig } from "../config/index.js";
import { type ExperimentData, selectForEvaluation, wholeSplit } from "../data.js";
import { duringEvaluation, precisionRecord } from "../precision.js";
import { AdversarialImages } from "./adversarial-images.js";
import { measuredContent } from "./content.js";
import { type AttackRequest, type EvaluationBudget, planAttacks } from "./evaluation-plan.js";
import { forget, partialPlace, resumableAttack, resumableClean } from "./measure-attacks.js";
import { drawPictures } from "./pictures.js";
import { withTiles } from "./search.js";
import { isTaken, takeTurn, turnIfFree } from "./turn.js";

/** What is measured. */
export interface Measurement {
  readonly checkpoint: CheckpointName;
  /** File of the weights. */
  readonly file: string;
  readonly split: "test" | "validation";
  /** Names such as "pgd-20", or points of a curve. */
  readonly attacks: readonly AttackRequest[];
  /** Instead of the configuration's. */
  readonly budget?: EvaluationBudget | undefined;
  /** At most so many images, spread over the classes; null for all. */
  readonly images: number | null;
  /** See {@link EnsembleHooks}. */
  readonly screen?: boolean | undefined;
  /** Also counts the images that are right when clean and wrong under the attack. Default: false. */
  readonly risk?: boolean | undefined;
  /** Also draw so many images of each class before and after each attack, into the run's folder `pictures`. */
  readonly pictures?: number | undefined;
}

/** What it is measured with. */
export interface MeasurementContext {
  readonly run: RunFolder;
  readonly config: ExperimentConfig;
  readonly data: ExperimentData;
  readonly environment: Environment;
  readonly device: Device;
  /** Receives the checkpoint's weights; its earlier weights are lost. */
  readonly model: ImageClassifier;
  readonly onProgress?: ((progress: EvaluationProgress) => void) | undefined;
  /** Collects the attacked images; everything is then measured again, because images are not kept. */
  readonly adversarial?:
    | {
        readonly images: AdversarialImages;
        readonly done: (batches: BatchPlan, model: ImageClassifier) => Promise<void>;
      }
    | undefined;
  /** Ends the work after the running batch by throwing the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Processes that share the batches. The first one alone writes; all return the results. */
  readonly team?: ProcessTeam | null | undefined;
}

/**
 * Measures, writes a file for each attack into the run as soon as it is done, and returns what is in them. What was measured
 * before with the same weights, images and constants is not measured again, and neither are the batches of a measurement
 * that was cut off.
 * @throws ReatError `checkpoint`, `data`, `config`, `numerics` or `disk`; the signal's reason when it is aborted
 */
export async function measure(
  measurement: Measurement,
  context: MeasurementContext,
): Promise<EvaluationResult[]> {
  const { checkpoint, file, split } = measurement;
  const { run, config, data, device, model, onProgress, signal, adversarial, team } = context;
  const leads = team?.leads ?? true;
  // Checked before any weights are read.
  const wantedAttacks = planAttacks(config, measurement.attacks, measurement.budget);
  const saved = await readCheckpoint(file);
  loadModel(saved, model, file);
  const { progress, weightAverage } = saved.state;
  const inference = inferenceModel(config.method, data, model);
  const { batchSize } = config.evaluation;
  using _precision = duringEvaluation(config, device, model);
  const chosen = selectForEvaluation(data, split, measurement.images);
  using images = uploadSplit(data.dataset, chosen, device);
  adversarial?.images.requireMappable(images.count);
  const batches = evaluationBatches(images, batchSize);
  const { risk = false } = measurement;
  const collected = adversarial?.images ?? (risk ? new AdversarialImages() : undefined);
  const planned = withTiles(wantedAttacks, config, inference, batches);
  const common = {
    run: run.name,
    checkpoint,
    epoch: weightsEpoch(progress),
    ...(weightAverage && { weights: "averaged" as const }),
    split,
    content: measuredContent(saved, chosen, config, data, { model, inference }),
    dataset: data.dataset.name,
    synthetic: data.dataset.synthetic,
    seeds: { subset: config.seeds.subset, evaluation: config.seeds.evaluation },
    batchSize,
    ...precisionRecord(config),
  };
  const identityOf = (attack: EvaluationResult["attack"]) => ({ ...common, attack, images: images.count });
  const cleanAttack = { name: "clean", constants: {} };
  const place = (attack: EvaluationResult["attack"]) => {
    const identity = identityOf(attack);
    // Where images are wanted, an interrupted measurement must have saved them too.
    const wanted = `${resultIdentity(identity)}${collected ? " with images" : ""}`;
    return partialPlace(run.evaluationsFolder, resultFileName(identity).replace(/\.json$/, ""), wanted);
  };
  // Of two processes that want the same measurement, the second waits and uses the result of the first.
  const turnAt = (attack: EvaluationResult["attack"]) =>
    takeTurn(place(attack).path, {
      ...{ signal, team },
      onWait: (pid) =>
        onProgress?.({
          stage: `waiting for process ${pid}, which measures ${attack.name}`,
          ...{ done: 0, total: 1, secondsLeft: null },
        }),
    });
  const measuredClean = async () => {
    using _turn = await turnAt(cleanAttack);
    return await resumableClean(options, place(cleanAttack));
  };
  // Partial results and turns that a kill left although the final result exists. If they cannot be removed they do no harm.
  const clear = async (attack: EvaluationResult["attack"]) => {
    const { path } = place(attack);
    if (!leads) return;
    if (!existsSync(path) && !isTaken(path)) return;
    using turn = turnIfFree(path);
    if (turn) await forget(place(attack)).catch(() => {});
  };
  const read = () => readResults(run.evaluationsFolder);
  const known = team ? await team.decide(read) : read();
  const options = {
    model: inference,
    ...{ batches, groups: data.groups, seed: config.seeds.evaluation, onProgress, signal, team },
    adversarial: collected,
    screen: measurement.screen,
  };
  const cleanIdentity = resultIdentity(identityOf(cleanAttack));
  let clean: AccuracyReport | undefined = known.find(
    (result) => resultIdentity({ ...result, attack: cleanAttack }) === cleanIdentity,
  )?.clean;

  const results: EvaluationResult[] = [];
  for (const attack of planned) {
    const { name, constants } = attack.spec;
    const described = { name, constants: { ...constants } };
    const wanted = resultIdentity(identityOf(described));
    const among = (stored: readonly EvaluationResult[]) =>
      adversarial
        ? undefined
        : stored.find((result) => resultIdentity(result) === wanted && (!risk || result.lost));
    const before = among(known);
    if (before) {
      await clear(described);
      results.push(before);
      continue;
    }
    using _turn = await turnAt(described);
    const meanwhile = among(team ? await team.decide(read) : read());
    if (meanwhile) {
      results.push(meanwhile);
      continue;
    }
    clean ??= await measuredClean();
    const { robust, ensemble, warnings, tiles, seconds } = await resumableAttack(
      options,
      attack,
      place(described),
    );
    const result: EvaluationResult = {
      ...common,
      attack: described,
      clean,
      robust,
      ...(ensemble && { ensemble }),
      ...(warnings && { warnings }),
      ...(tiles && { tiles }),
      ...(risk && { lost: collected!.lost(attackLabel(described), batches, inference) }),
      seconds,
      time: new Date().toISOString(),
      environment: { ...context.environment },
    };
    if (leads) await writeResult(run.evaluationsFolder, result);
    results.push(result);
    // Images are written at the very end; until then they are among the partial results.
    if (adversarial) continue;
    collected?.drop(attackLabel(described));
    await forget(place(described), team);
  }
  for (const attack of measurement.pictures === undefined || !leads ? [] : planned) {
    const { adversarial: _, team: _alone, ...measuring } = options;
    const { name, constants } = attack.spec;
    const { epoch, dataset } = common;
    const drawn = await drawPictures(attack, {
      ...{ dataset: data.dataset, split: wholeSplit(data, split), perClass: measurement.pictures! },
      ...{ trainCounts: data.classCounts, device, batchSize, measuring },
    });
    const { classNames, height, width } = data.dataset;
    await writePictures(run.picturesFolder, {
      ...{ run: run.name, checkpoint, epoch, split, dataset, attack: { name, constants: { ...constants } } },
      ...{ classNames, trainCounts: data.classCounts, height, width, ...drawn },
    });
  }
  if (leads) await adversarial?.done(batches, inference);
  for (const { spec } of adversarial ? planned : []) {
    await forget(place({ name: spec.name, constants: { ...spec.constants } }), team);
  }
  await clear(cleanAttack);
  return results;
}
