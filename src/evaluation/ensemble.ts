// AutoAttack as a measurement: what it found, by class and by group, after each of its attacks.
import {
  type AttackProgress,
  type AttackWarning,
  type AutoAttackState,
  autoAttack,
  constantsHash,
  ensembleConstants,
  type NamedEnsemble,
} from "../attacks/index.js";
import { type ClassGroup, mixSeed } from "../data/index.js";
import { ReatError } from "../errors.js";
import { throughTiles, usesTiles } from "../nn/index.js";
import { batchFailure, cat, keep, noGrad, scope, type Tensor, tensor } from "../tensor/index.js";
import { type AccuracyReport, accuracyReport } from "./accuracy.js";
import { ConfusionCounter } from "./confusion.js";
import { EnsembleClock } from "./ensemble-clock.js";
import { deviceOf, type MeasureOptions } from "./evaluate.js";

/** What stands after one attack of the ensemble. Accuracies are fractions of all images, or of a class'. */
export interface EnsembleOutcome {
  readonly attack: string;
  /** Images that stood when it began, and that it left standing. */
  readonly attacked: number;
  readonly standing: number;
  readonly accuracy: number;
  readonly groups: AccuracyReport["groups"];
  /** By class id; absent in results of releases that did not store it. */
  readonly perClass?: AccuracyReport["perClass"];
  readonly balanced: number;
  readonly seconds: number;
}

/** What an AutoAttack run reports besides its accuracy. Plain JSON. */
export interface EnsembleRecord {
  /** "standard", "torchattacks-3.5" …, or "custom". */
  readonly version: string;
  readonly constantsHash: string;
  readonly outcomes: readonly EnsembleOutcome[];
  readonly warnings: readonly AttackWarning[];
  readonly verification: {
    readonly largestPerturbation: number;
    readonly insideBall: boolean;
    readonly lowestPixel: number;
    readonly highestPixel: number;
    readonly insideRange: boolean;
    readonly accuracy: number;
    readonly agrees: boolean;
  };
  /** One character per image, "1" where it stands. */
  readonly robust: string;
  /** Present where examples were looked for through convolutions in tiles; `unconfirmed` of them the plain network did not confirm. */
  readonly tiles?: { readonly unconfirmed: number } | undefined;
}

/** Adversarial images [K, channels, height, width] by their K places among all images. */
export interface FooledImages {
  readonly rows: readonly number[];
  readonly images: Tensor;
}

/** Where a stopped measurement of an ensemble continues, and what is called with its states. */
export interface EnsembleHooks {
  /** Attack all images briefly first, so that those that are likely to fall are attacked together; the numbers are the same. */
  readonly screen?: boolean | undefined;
  /** A state that `onState` gave, with all that it gave before. */
  readonly resume?:
    | {
        readonly state: AutoAttackState;
        readonly fooled: readonly FooledImages[];
        readonly warnings: readonly AttackWarning[];
      }
    | undefined;
  /** After each batch: where the run is, and the images fooled since the last call (null for none); waited for. */
  readonly onState?:
    | ((state: AutoAttackState, fooled: FooledImages | null) => void | Promise<void>)
    | undefined;
  readonly onWarning?: ((warning: AttackWarning) => void) | undefined;
  /** Called with the adversarial images [N, …] of all batches, which are freed after the call. */
  readonly onAdversarial?: ((adversarial: Tensor) => void) | undefined;
}

/**
 * Runs the ensemble on all images at once, the model in mode "frozen", which is restored afterwards. The accuracy is that of the adversarial images that it ends with.
 * @throws ReatError as `autoAttack` does, `memory` or `device` where memory runs out or the GPU fails; the signal's reason when it is aborted
 */
export async function measureEnsemble(
  options: MeasureOptions,
  { name, version, constants }: NamedEnsemble,
  hooks: EnsembleHooks = {},
): Promise<{ report: AccuracyReport; seconds: number; ensemble: EnsembleRecord }> {
  const { model, batches, groups, seed, onProgress, signal, tiles = true, team = null } = options;
  if (batches.count === 0) throw new ReatError("data", "There is no image to measure accuracy on.");
  const { norm, epsilon } = constants;
  const [images, labels] = scope(() => {
    const all = Array.from({ length: batches.count }, (_, b) => batches.batch(b));
    return [keep(cat(all.map((b) => b.images))), keep(cat(all.map((b) => b.labels)))] as const;
  });
  using _images = images;
  using _labels = labels;
  const batchSize = scope(() => batches.batch(0).images.shape[0]!);
  const truth = labels.toArray();
  requireClasses(truth, model.classes);
  const clock = new EnsembleClock(constants, model.classes, truth.length);
  const tell = () => onProgress?.({ stage: `${name}: ${clock.attack}`, ...clock.progress() });

  let reported = hooks.resume?.state.robust ?? null;
  const { onState } = hooks;
  const resume = hooks.resume && {
    state: hooks.resume.state,
    adversarial: withFooled(images, hooks.resume.fooled),
  };
  if (hooks.resume) clock.resume(hooks.resume.state);
  const { mode } = model;
  model.setMode("frozen");
  try {
    const victim = tiles && usesTiles(model, images) ? throughTiles(model) : model;
    const found = await autoAttack({
      ...{ model: victim, images, labels, norm, epsilon, version, batchSize, team },
      seed: mixSeed(seed, ...Buffer.from("autoattack")),
      ...(hooks.screen && { screen: true }),
      ...(resume && { resume }),
      ...(signal && { signal }),
      ...(hooks.onWarning && { onWarning: hooks.onWarning }),
      onProgress: (progress: AttackProgress) => {
        clock.step(progress);
        tell();
      },
      onState: async (state, adversarial) => {
        clock.at(state);
        tell();
        if (onState) {
          const fooled = scope(() => fooledSince(reported ?? state.clean, state.robust, adversarial));
          reported = state.robust;
          await onState(state, fooled);
          fooled?.images.dispose();
        }
      },
    });
    using adversarial = found.adversarial;
    hooks.onAdversarial?.(adversarial);
    const { robust, ...verification } = found.verification;
    const report = await accuracyOn(options, adversarial, truth, batchSize);
    return {
      report,
      seconds: found.outcomes.reduce((sum, outcome) => sum + outcome.seconds, 0),
      ensemble: {
        version: found.version,
        constantsHash: constantsHash(ensembleConstants(version, norm)),
        outcomes: found.outcomes.map(({ robust: flags, ...outcome }) => ({
          ...{ attack: outcome.attack, attacked: outcome.attacked, standing: outcome.standing },
          ...standingReport(flags, truth, groups),
          seconds: outcome.seconds,
        })),
        warnings: unique([...(hooks.resume?.warnings ?? []), ...found.warnings]),
        ...{ verification, robust },
        ...(found.fastLogits && { tiles: { unconfirmed: found.unconfirmed } }),
      },
    };
  } catch (cause) {
    const where = `In the evaluation (${name}: ${clock.attack})`;
    throw batchFailure(cause, { where, batchSize }) ?? cause;
  } finally {
    model.setMode(mode);
    resume?.adversarial.dispose();
  }
}

function unique(warnings: readonly AttackWarning[]): AttackWarning[] {
  return [...new Map(warnings.map((warning) => [warning.name + warning.message, warning])).values()];
}

function requireClasses(truth: readonly number[], classes: number): void {
  const wrong = truth.find((label) => label < 0 || label >= classes);
  if (wrong === undefined) return;
  throw new ReatError(
    "data",
    `The label ${wrong} is no class of the model, which has the classes 0 to ${classes - 1}; the data must be those that it was trained for.`,
  );
}

/** The images with those that were fooled before in their places. */
function withFooled(images: Tensor, fooled: readonly FooledImages[]): Tensor {
  const adversarial = keep(images.clone());
  noGrad(() =>
    scope(() => {
      for (const { rows, images: found } of fooled) {
        const places = tensor([...rows], { dtype: "int64", device: images.device });
        adversarial.indexCopy_(0, places, found.to(images.device));
      }
    }),
  );
  return adversarial;
}

function fooledSince(before: string, after: string, adversarial: Tensor): FooledImages | null {
  const rows = [...after].flatMap((flag, i) => (flag === "0" && before[i] === "1" ? [i] : []));
  if (rows.length === 0) return null;
  const places = tensor(rows, { dtype: "int64", device: adversarial.device });
  return { rows, images: keep(adversarial.indexSelect(0, places)) };
}

function standingReport(
  flags: string,
  truth: readonly number[],
  groups: readonly ClassGroup[],
): Pick<AccuracyReport, "accuracy" | "groups" | "perClass" | "balanced"> {
  const classes = groups.length;
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  // AutoAttack does not report the wrong class of an image; any other class stands for it.
  truth.forEach((label, i) => {
    confusion[label]![flags[i] === "1" ? label : (label + 1) % classes]! += 1;
  });
  const { accuracy, groups: byGroup, perClass, balanced } = accuracyReport(confusion, groups);
  return { accuracy, groups: byGroup, perClass, balanced };
}

async function accuracyOn(
  { model, groups }: MeasureOptions,
  adversarial: Tensor,
  truth: readonly number[],
  batchSize: number,
): Promise<AccuracyReport> {
  using confusion = new ConfusionCounter(model.classes, deviceOf(model));
  for (let from = 0; from < truth.length; from += batchSize) {
    scope(() => {
      const to = Math.min(from + batchSize, truth.length);
      const labels = tensor(truth.slice(from, to), { dtype: "int64", device: deviceOf(model) });
      confusion.add(
        noGrad(() => model.logits(adversarial.slice(0, from, to))),
        labels,
      );
    });
  }
  return accuracyReport(confusion.read("adversarial images"), groups);
}
