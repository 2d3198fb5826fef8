// Classifies images without labels, and on request looks for the smallest perturbation that changes the answer.
import { setImmediate as nextTurn } from "node:timers/promises";
import { attackTakes, type NamedAttack, namedAttack } from "../../attacks/index.js";
import { type LooseImage, looseImages, mixSeed } from "../../data/index.js";
import { ReatError } from "../../errors.js";
import { batchFailure, Generator, noGrad, scope, type Tensor, tensor } from "../../tensor/index.js";
import type { TrainedClassifier } from "./trained-classifier.js";

/** A class with the probability that the classifier gives it. */
export interface ClassProbability {
  readonly className: string;
  readonly classId: number;
  /** 0 to 1. */
  readonly probability: number;
}

/**
 * How far an image is from a change of its label, as an attack found it. An upper bound: a stronger attack may change the
 * label within less, and none can be weaker than what was found.
 */
export interface LabelChange {
  /** The smallest radius tried at which the attack changed the label; null where it changed it at none. */
  readonly epsilon: number | null;
  /** The label there. */
  readonly className: string | null;
}

/** A classifier's answer on one image. */
export interface Prediction {
  readonly file: string;
  /** Name of the folder the image lies in; undefined for an image that was given directly. */
  readonly folder: string | undefined;
  /** The most probable classes, the first one first. */
  readonly classes: readonly ClassProbability[];
  /** Absent unless requested. */
  readonly change?: LabelChange;
}

/** The search for a change of the label. */
export interface ChangeSearch {
  /** Radii that are tried, in any order. */
  readonly epsilons: readonly number[];
  /** Attack by its name. Default: pgd-20, its step a quarter of the radius. */
  readonly attack?: string | undefined;
  /** Default: linf. */
  readonly norm?: "linf" | "l2" | undefined;
  /** Of the attack's random numbers. Default: 0. */
  readonly seed?: number | undefined;
}

/** How predictions are made. */
export interface PredictOptions {
  /** Classes of each image. Default: 3. */
  readonly top?: number | undefined;
  /** Scale every image so that it covers the network's size. Default: false, images are prepared as in training. */
  readonly resize?: boolean | undefined;
  /** Called for each file that is damaged or no image and is then skipped; without it, the first such file is an error. */
  readonly onUnreadable?: ((file: string, why: string) => void) | undefined;
  /** Images classified together. Default: 64. */
  readonly batchSize?: number | undefined;
  readonly change?: ChangeSearch | undefined;
  /** Called after each batch with the number of images so far. */
  readonly onProgress?: ((done: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * @param places image files, folders and archives
 * @throws ReatError `data` naming an image that is none, damaged or of another size; `config` for an unknown attack; the
 *   signal's reason when it is aborted
 */
export async function predict(
  classifier: TrainedClassifier,
  places: readonly string[],
  options: PredictOptions = {},
): Promise<Prediction[]> {
  const { resize = false, batchSize = 64, change, onProgress, onUnreadable, signal } = options;
  const { imageSize: size, description } = classifier;
  const { resize: side, crop, orientation } = description.preprocessing;
  const asTrained = { ...(side !== null && { resize: side }), ...(crop !== null && { crop }) };
  const decode = { orientation, ...(resize ? { cover: size } : asTrained) };
  const attacks = change && plan(change);
  const results: Prediction[] = [];
  let waiting: LooseImage[] = [];
  const flush = async () => {
    if (waiting.length === 0) return;
    signal?.throwIfAborted();
    results.push(...classify(classifier, waiting, options, attacks, results.length));
    waiting = [];
    onProgress?.(results.length);
    await nextTurn();
  };
  for await (const image of looseImages(places, { size, decode, onUnreadable })) {
    waiting.push(image);
    if (waiting.length === batchSize) await flush();
  }
  await flush();
  return results;
}

function plan({ epsilons, attack = "pgd-20", norm = "linf" }: ChangeSearch): NamedAttack[] {
  if (epsilons.length === 0 || epsilons.some((epsilon) => !(epsilon > 0))) {
    throw new ReatError(
      "usage",
      "The radii at which the label may change must be above 0, and one at least.",
    );
  }
  const ascending = [...new Set(epsilons)].sort((a, b) => a - b);
  const steps = attackTakes(attack, "stepSize");
  return ascending.map((epsilon) =>
    namedAttack(attack, { norm, epsilon, ...(steps && { stepSize: epsilon / 4 }) }),
  );
}

function classify(
  { model, classNames, imageSize, device }: TrainedClassifier,
  images: readonly LooseImage[],
  { top = 3, change }: PredictOptions,
  attacks: readonly NamedAttack[] | undefined,
  first: number,
): Prediction[] {
  const count = images.length;
  const named = (classId: number) => classNames[classId]!;
  try {
    return scope(() =>
      model.withMode("frozen", () => {
        const pixels = Buffer.concat(images.map(({ planes }) => planes));
        const shape = [count, 3, imageSize.height, imageSize.width];
        const batch = tensor(pixels, { dtype: "uint8", shape }).to("float32").div(255).to(device);
        const probabilities = noGrad(() => model.logits(batch).softmax(1));
        const sorted = probabilities.toArray();
        const rows = images.map((_, row) => {
          const own = sorted.slice(row * classNames.length, (row + 1) * classNames.length);
          return own
            .map((probability, classId) => ({ className: named(classId), classId, probability }))
            .sort((a, b) => b.probability - a.probability || a.classId - b.classId);
        });
        const labels = rows.map(([best]) => best!.classId);
        const changes = attacks?.length
          ? searchChanges(model, batch, labels, attacks, mixSeed(change?.seed ?? 0, first))
          : null;
        return images.map(({ file, folder }, row) => ({
          ...{ file, folder, classes: rows[row]!.slice(0, top) },
          ...(changes && {
            change: {
              epsilon: changes[row]?.epsilon ?? null,
              className: changes[row] ? named(changes[row].classId) : null,
            },
          }),
        }));
      }),
    );
  } catch (cause) {
    throw batchFailure(cause, { where: "While classifying", batchSize: count }) ?? cause;
  }
}

/** For each image the smallest radius at which an attack changed its label; null where none did. */
function searchChanges(
  model: TrainedClassifier["model"],
  images: Tensor,
  labels: readonly number[],
  attacks: readonly NamedAttack[],
  seed: number,
): ({ epsilon: number; classId: number } | null)[] {
  const found: ({ epsilon: number; classId: number } | null)[] = labels.map(() => null);
  const generator = new Generator(seed, images.device);
  for (const { attack, constants } of attacks) {
    const standing = labels.flatMap((_, row) => (found[row] ? [] : [row]));
    if (standing.length === 0) break;
    scope(() => {
      const rows = tensor(BigInt64Array.from(standing.map(BigInt))).to(images.device);
      const own = tensor(BigInt64Array.from(standing.map((row) => BigInt(labels[row]!)))).to(images.device);
      const mode = attack.followsGradients ? "fast" : "frozen";
      const adversarial = model.withMode(mode, () =>
        attack.perturb(model, images.indexSelect(0, rows), own, generator),
      );
      const answers = noGrad(() => model.logits(adversarial).argmax(1).toArray());
      standing.forEach((row, at) => {
        if (answers[at] !== labels[row]) found[row] = { epsilon: constants.epsilon, classId: answers[at]! };
      });
    });
  }
  return found;
}
