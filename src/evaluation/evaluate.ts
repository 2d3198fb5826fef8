// Clean and robust accuracy of a classifier, batch by batch.
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Attack } from "../attacks/index.js";
import { type ClassGroup, mixSeed } from "../data/index.js";
import { ReatError } from "../errors.js";
import { type ImageClassifier, throughTiles, usesTiles } from "../nn/index.js";
import {
  batchFailure,
  Generator,
  gatherRows,
  keep,
  noGrad,
  type ProcessTeam,
  scope,
  type Tensor,
} from "../tensor/index.js";
import { type AccuracyReport, accuracyReport } from "./accuracy.js";
import { ConfusionCounter } from "./confusion.js";

/** Images to measure on, in a fixed order; a `BatchPlan` of `evaluationBatches` is one. */
export interface EvaluationBatches {
  readonly count: number;
  /** Images [N, 3, H, W] in [0, 1] and labels int64 [N]; they belong to the scope it is called in. */
  batch(b: number): { readonly images: Tensor; readonly labels: Tensor };
}

/** An attack under the name that results give it; `namedAttack` makes them. */
export interface EvaluationAttack {
  readonly name: string;
  readonly attack: Attack;
}

/** How far a measurement is, for a progress bar. */
export interface EvaluationProgress {
  /** What is running: "clean" or the attack's name. */
  readonly stage: string;
  /** Batches of the stage; of an ensemble, parts in a thousand of its work. */
  readonly done: number;
  readonly total: number;
  /** Of the stage, at most; `null` until its first batch is done. */
  readonly secondsLeft: number | null;
}

/** What is measured, on what, and how it is watched and stopped. */
export interface MeasureOptions {
  readonly model: ImageClassifier;
  readonly batches: EvaluationBatches;
  /** The group of each class, as `classGroups` of the training set's counts gives them. */
  readonly groups: readonly ClassGroup[];
  /** Start noise depends on this seed, the attack's name and the batch alone. */
  readonly seed: number;
  /**
   * Spend no attack on images that are misclassified anyway: the same robust accuracy sooner, but `predicted` then
   * counts those images' clean predictions. Default: false.
   */
  readonly skipMisclassified?: boolean;
  /**
   * Let APGD, FAB and Square look for examples in mode "fast", through convolutions in tiles. An example counts if mode "frozen"
   * confirms it. Default: true.
   */
  readonly tiles?: boolean;
  /** Processes that share the batches; all get the whole result, which is that of one process. */
  readonly team?: ProcessTeam | null | undefined;
  readonly onProgress?: ((progress: EvaluationProgress) => void) | undefined;
  /** Ends the measurement after the running batch by throwing the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** What is measured: attacks, images, seed. */
export interface EvaluateOptions extends MeasureOptions {
  readonly attacks: readonly EvaluationAttack[];
}

/** The accuracy under one attack. */
export interface AttackResult {
  readonly name: string;
  readonly report: AccuracyReport;
  readonly seconds: number;
}

/** Clean accuracy, and what each attack left standing. */
export interface Evaluation {
  readonly clean: AccuracyReport;
  readonly cleanSeconds: number;
  /** In the order they were asked for. */
  readonly attacks: readonly AttackResult[];
}

/** How far a stage is: enough to go on without running a batch twice. Plain JSON. */
export interface StagePosition {
  /** Batches that are done. */
  readonly done: number;
  /** Their images: confusion[y][k] = images of class y predicted as class k. */
  readonly confusion: readonly (readonly number[])[];
  readonly seconds: number;
}

/** Continuing a stage, and saving its position. */
export interface StageHooks {
  readonly resume?: StagePosition | null | undefined;
  /** Called after each batch, the last one too; waited for. */
  readonly onBatch?: ((position: StagePosition) => void | Promise<void>) | undefined;
  /** Called with the attacked images [N, …] of a batch, before `onBatch`; they are freed after the call. All processes see all batches, in their order. */
  readonly onAdversarial?: ((batch: number, adversarial: Tensor) => void) | undefined;
}

/**
 * Measures the model in mode "frozen", in which every prediction is made; attacks that only follow gradients make their
 * examples in mode "fast", and so do those that have each confirmed. The model's own mode is restored afterwards. Lets other work run between batches.
 * @throws ReatError `data` without images or for labels that are no class of the model, `numerics` for logits that are NaN,
 * `memory` or `device` where memory runs out or the GPU fails in a batch; the signal's reason when it is aborted
 */
export async function evaluate(options: EvaluateOptions): Promise<Evaluation> {
  const { attacks } = options;
  const twice = attacks.find(({ name }, index) => attacks.findIndex((other) => other.name === name) < index);
  if (twice) throw new ReatError("config", `The attack ${twice.name} is listed twice.`);
  const clean = await measureClean(options);
  const results: AttackResult[] = [];
  for (const attack of attacks) results.push(await measureAttack(options, attack));
  return { clean: clean.report, cleanSeconds: clean.seconds, attacks: results };
}

/** The clean stage of {@link evaluate} alone. */
export async function measureClean(
  options: MeasureOptions,
  hooks: StageHooks = {},
): Promise<{ report: AccuracyReport; seconds: number }> {
  return measure("clean", options, hooks, (model, { images }) => noGrad(() => model.logits(images)));
}

/** One attack's stage of {@link evaluate} alone, with the same numbers. */
export async function measureAttack(
  options: MeasureOptions,
  { name, attack }: EvaluationAttack,
  hooks: StageHooks = {},
): Promise<AttackResult> {
  const { seed, skipMisclassified = false, tiles = true } = options;
  const nameSeed = mixSeed(...Buffer.from(name));
  const generator = new Generator(seed, deviceOf(options.model));
  let made: Tensor | null = null;
  const share = hooks.onAdversarial && {
    made: () => {
      const own = made;
      made = null;
      return own;
    },
    each: hooks.onAdversarial,
  };
  const result = await measure(name, { ...options, share }, hooks, (model, { images, labels }, batch) => {
    generator.reseed(mixSeed(seed, nameSeed, batch));
    const attacked = (some: Tensor, theirs: Tensor) => {
      const victim = attack.confirmsExamples && tiles && usesTiles(model, some) ? throughTiles(model) : model;
      const adversarial = model.withMode(attack.followsGradients ? "fast" : "frozen", () =>
        attack.perturb(victim, some, theirs, generator),
      );
      if (hooks.onAdversarial) made = keep(adversarial.clone());
      return noGrad(() => model.logits(adversarial));
    };
    if (!skipMisclassified) return attacked(images, labels);
    return noGrad(() => {
      const logits = model.logits(images);
      const indices = logits.argmax(1).eq(labels).nonzero().squeeze(1);
      if (indices.size === 0) return logits;
      const robust = attacked(images.indexSelect(0, indices), labels.indexSelect(0, indices));
      return logits.indexCopy_(0, indices, robust);
    });
  });
  return { name, ...result };
}

type Predict = (
  model: ImageClassifier,
  batch: { readonly images: Tensor; readonly labels: Tensor },
  index: number,
) => Tensor;

async function measure(
  stage: string,
  { model, batches, groups, onProgress, signal, team, share }: MeasureOptions & { readonly share?: Sharing },
  { resume, onBatch }: StageHooks,
  predict: Predict,
): Promise<{ report: AccuracyReport; seconds: number }> {
  if (batches.count === 0) throw new ReatError("data", "There is no image to measure accuracy on.");
  const began = performance.now();
  const now = () => (performance.now() - began) / 1000;
  const [first, before] = [resume?.done ?? 0, resume?.seconds ?? 0];
  using confusion = new ConfusionCounter(model.classes, deviceOf(model), resume?.confusion);
  onProgress?.({ stage, done: first, total: batches.count, secondsLeft: null });
  const [size, rank] = [team?.size ?? 1, team?.rank ?? 0];
  for (let round = first; round < batches.count; round += size) {
    signal?.throwIfAborted();
    const index = round + rank;
    let batchSize = 0;
    try {
      scope(() => {
        if (index >= batches.count) return;
        const batch = batches.batch(index);
        batchSize = batch.labels.shape[0]!;
        confusion.add(
          model.withMode("frozen", () => predict(model, batch, index)),
          batch.labels,
        );
      });
    } catch (cause) {
      const where = `In the evaluation (${stage}), batch ${index + 1} of ${batches.count}`;
      throw batchFailure(cause, { where, batchSize }) ?? cause;
    }
    if (team) await confusion.shareNew(team);
    if (share) await shareImages(round, share, team);
    const done = Math.min(round + size, batches.count);
    await onBatch?.({ done, confusion: confusion.read(stage), seconds: before + now() });
    const secondsLeft = (now() / (done - first)) * (batches.count - done);
    onProgress?.({ stage, done, total: batches.count, secondsLeft });
    await nextTurn();
  }
  return { report: accuracyReport(confusion.read(stage), groups), seconds: before + now() };
}

/** Takes the images that an attack made of this process's batch, and hands on those of each batch of the round. */
type Sharing =
  | { readonly made: () => Tensor | null; readonly each: (batch: number, images: Tensor) => void }
  | undefined;

async function shareImages(
  first: number,
  { made, each }: NonNullable<Sharing>,
  team: MeasureOptions["team"],
) {
  const own = made();
  try {
    const all = team ? await gatherRows(team, own) : [own];
    for (const [at, images] of all.entries()) {
      if (images) each(first + at, images);
      if (images !== own) images?.dispose();
    }
  } finally {
    own?.dispose();
  }
}

/** @internal */
export function deviceOf(model: ImageClassifier) {
  return model.parameters()[0]!.device;
}
