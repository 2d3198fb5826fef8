// An attack that works on standing images only, attempt by attempt, and what whoever runs several of them already knows of the images.
import { type Generator, noGrad, scope, type Tensor } from "../tensor/index.js";
import type { Attack } from "./attack.js";
import { requireImages, requireLogits } from "./attack-input.js";
import type { Classifier } from "./classifier.js";
import { drawSeeds, ImageDraws, seedsOfTurn } from "./image-draws.js";
import type { AttackObserver } from "./observer.js";
import { inFastLayout, logitsPass } from "./passes.js";
import { where } from "./running-state.js";

/** What is known of a batch of images before it is attacked. */
export interface KnownImages {
  /** The model's plain logits, [N, classes], so that they are not computed again. */
  readonly logits?: Tensor;
  /** A seed for each image, from 0 to 2^53 − 1: its random numbers then depend on no other image of the batch. */
  readonly seeds?: readonly number[];
}

/** APGD, FAB and Square: images that are fooled come back misclassified, all others unchanged. */
export interface StandingAttack extends Attack {
  readonly confirmsExamples: true;
  /**
   * As every attack's, from [N, channels, height, width] in [0, 1] to the same shape. If the model has fast logits, examples are looked for with them, and its plain logits confirm each.
   * @param known Default: logits are computed, and seeds are drawn from `generator`
   */
  perturb(
    model: Classifier,
    images: Tensor,
    labels: Tensor,
    generator: Generator,
    known?: KnownImages,
  ): Tensor;
}

/** What one attempt is given: the images that no earlier one fooled. */
export interface Attempt {
  readonly model: Classifier;
  /** [n, channels, height, width] in [0, 1]. */
  readonly images: Tensor;
  /** int64 [n]. */
  readonly labels: Tensor;
  /** The model's plain logits of these images, [n, classes]. */
  readonly clean: Tensor;
  /** From 0. */
  readonly turn: number;
  readonly draws: ImageDraws;
  /** Tells the observer that `steps` of this attempt are done and `left` images stand. */
  told(steps: number, left: number): void;
}

/** What an attempt found. */
export interface Found {
  /** bool [n]: the images whose example counts. */
  readonly fooled: Tensor;
  /** [n, channels, height, width]; read only where `fooled` is true. */
  readonly examples: Tensor;
}

/** What makes one standing attack differ from another. */
export interface StandingPlan {
  readonly name: string;
  /** Steps of one attempt. */
  readonly steps: number;
  readonly observer: AttackObserver | undefined;
  /** How many attempts there are at most, for a model of `classes` classes. */
  turns(classes: number): number;
  /** Begins a batch, and may draw what all its attempts share. Each attempt runs without gradients, in a scope of its own. */
  begin(generator: Generator, device: Tensor["device"]): (attempt: Attempt) => Found;
}

/** Attempts follow each other on the images that stand, until there are none. */
export function standingAttack(plan: StandingPlan): StandingAttack {
  const { name, steps, observer } = plan;
  return {
    name,
    confirmsExamples: true,
    perturb(model, images, labels, generator, known = {}) {
      requireImages(name, images, labels);
      return scope(() =>
        noGrad(() => {
          const adversarial = images.clone();
          const clean = known.logits ?? logitsPass(model, images);
          const seeds = known.seeds ?? drawSeeds(images.shape[0]!, generator);
          requireLogits(name, clean, labels);
          const attempt = plan.begin(generator, images.device);
          const turns = plan.turns(clean.shape[1]!);
          let standing = where(clean.argmax(1).eq(labels));
          for (let turn = 0; turn < turns && standing.shape[0]! > 0; turn++) {
            standing = scope(() => {
              const { fooled, examples } = attempt({
                ...{ model, turn, images: inFastLayout(images.indexSelect(0, standing)) },
                labels: labels.indexSelect(0, standing),
                clean: clean.indexSelect(0, standing),
                draws: new ImageDraws(seedsOfTurn(seeds, standing, turn), images.device),
                told: (done, left) =>
                  observer?.progress?.({
                    ...{ attack: name, done: turn * steps + done, total: turns * steps },
                    standing: left,
                  }),
              });
              const rows = where(fooled);
              adversarial.indexCopy_(0, standing.indexSelect(0, rows), examples.indexSelect(0, rows));
              return standing.indexSelect(0, where(fooled.logicalNot()));
            });
          }
          return adversarial;
        }),
      );
    },
  };
}
