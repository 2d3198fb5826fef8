// Counts labels against predictions on the device, to be read once at the end.
import { ReatError } from "../errors.js";
import { type Device, keep, noGrad, onesLike, operator, scope, type Tensor, zeros } from "../tensor/index.js";

const scatterAddInPlace = operator("scatter_add_");

/** A confusion matrix that grows by batches. Owns its tensors: dispose it. */
export class ConfusionCounter implements Disposable {
  readonly #counts: Tensor;
  readonly #unusable: Tensor;

  constructor(
    readonly classes: number,
    device: Device,
  ) {
    this.#counts = keep(zeros([classes * classes], { dtype: "int64", device }));
    this.#unusable = keep(zeros([], { dtype: "int64", device }));
  }

  /** Counts the largest of each row of logits [N, C] against labels int64 [N]. */
  add(logits: Tensor, labels: Tensor): void {
    noGrad(() =>
      scope(() => {
        const cell = labels.mul(this.classes).add(logits.argmax(1));
        scatterAddInPlace(this.#counts, 0, cell, onesLike(cell));
        this.#unusable.add_(logits.isFinite().logicalNot().sum());
      }),
    );
  }

  /**
   * matrix[y][k] = images of class y predicted as class k. Waits for the device.
   * @throws ReatError `numerics` where a logit was NaN or infinite, because its image has no prediction
   */
  read(stage: string): number[][] {
    const unusable = this.#unusable.item();
    if (unusable > 0) {
      throw new ReatError(
        "numerics",
        `The model gave ${unusable} logits that are NaN or infinite (${stage}), so its accuracy cannot be measured; use an earlier checkpoint.`,
      );
    }
    const flat = this.#counts.toArray();
    return Array.from({ length: this.classes }, (_, label) =>
      flat.slice(label * this.classes, (label + 1) * this.classes),
    );
  }

  dispose(): void {
    this.#counts.dispose();
    this.#unusable.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
