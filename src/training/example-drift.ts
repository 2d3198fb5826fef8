// How far the adversarial examples of the same training images move from one epoch to the next.
import type { Method } from "../methods/index.js";
import type { ImageClassifier } from "../nn/index.js";
import { Generator, keep, noGrad, scope, type Tensor } from "../tensor/index.js";

/** Training images whose examples are watched; not augmented, so that nothing but the network moves them. */
export interface ObservedImages {
  /** [N, channels, H, W] in [0, 1], on the model's device. */
  readonly images: Tensor;
  /** int64 [N]. */
  readonly labels: Tensor;
  /** Of the attack's noise, which is the same in every epoch. */
  readonly seed: number;
  /** Images that are attacked together, at least 1. */
  readonly batchSize: number;
}

/**
 * Makes the method's examples of the same images from the same noise at the end of each epoch, and tells how far each lies from the example
 * of the epoch before: the overlap of examples that RBL is to reduce (Li et al. 2023, arXiv 2307.10205, section 4.1). It draws from no
 * stream of the training and moves no statistics, so the weights are those of a run without it. Owns the last examples: dispose it.
 */
export class ExampleDrift implements Disposable {
  #before: Tensor | null = null;

  constructor(
    readonly observed: ObservedImages,
    readonly learner: { readonly model: ImageClassifier; readonly method: Method },
  ) {}

  /**
   * Called once at the end of each epoch.
   * @returns by class: the mean Euclidean distance to the examples of the epoch before, in units of pixel values; null for a class without
   *   watched images. Null where there is nothing to compare with: after the first epoch, and where the method trains on clean images.
   */
  measure(): (number | null)[] | null {
    const now = this.#examples();
    const before = this.#before;
    this.#before = now;
    if (!before) return null;
    using _before = before;
    if (!now) return null;
    const distances = scope(() => noGrad(() => now.sub(before).pow(2).sum([1, 2, 3]).sqrt().toArray()));
    const labels = this.observed.labels.toArray();
    return Array.from({ length: this.learner.model.classes }, (_, label) => {
      const own = distances.filter((_, i) => labels[i] === label);
      return own.length === 0 ? null : own.reduce((sum, value) => sum + value, 0) / own.length;
    });
  }

  /** The last epoch's examples, for a checkpoint; they stay this object's. */
  tensors(): ReadonlyMap<string, Tensor> {
    return new Map(this.#before ? [["examples", this.#before]] : []);
  }

  /** @throws TensorError for examples of other images */
  restore(tensors: ReadonlyMap<string, Tensor>): void {
    const stored = tensors.get("examples");
    this.#before?.dispose();
    this.#before = null;
    if (!stored) return;
    const { images } = this.observed;
    this.#before = keep(scope(() => keep(images.clone())));
    noGrad(() => this.#before!.copy_(stored));
  }

  #examples(): Tensor | null {
    const { images, labels, seed, batchSize } = this.observed;
    const { model, method } = this.learner;
    const generator = new Generator(seed, images.device);
    const made = scope(() => keep(images.clone()));
    for (let from = 0; from < labels.size; from += batchSize) {
      const to = Math.min(from + batchSize, labels.size);
      const attacked = scope(() => {
        const batch = { images: images.slice(0, from, to), labels: labels.slice(0, from, to) };
        const examples = method.examples?.(batch, { model, generator }) ?? null;
        if (examples) noGrad(() => made.slice(0, from, to).copy_(examples));
        return examples !== null;
      });
      if (!attacked) {
        made.dispose();
        return null;
      }
    }
    return made;
  }

  [Symbol.dispose](): void {
    this.#before?.dispose();
    this.#before = null;
  }
}
