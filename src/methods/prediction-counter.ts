// Counts on the device how often each class is predicted, without waiting for the device at each batch.
import {
  type Device,
  keep,
  noGrad,
  onesLike,
  operator,
  scope,
  type Tensor,
  tensor,
} from "../tensor/index.js";

const scatterAddInPlace = operator("scatter_add_");

/** How many samples were predicted as each class since the last `reset`. */
export class PredictionCounter {
  readonly #counts: Tensor;

  constructor(
    readonly classes: number,
    device: Device,
  ) {
    this.#counts = keep(tensor(new BigInt64Array(classes), { device }));
  }

  /** Counts the largest logit of each row of [N, classes]. */
  add(logits: Tensor): void {
    scope(() =>
      noGrad(() => {
        const predicted = logits.argmax(1);
        scatterAddInPlace(this.#counts, 0, predicted, onesLike(predicted));
      }),
    );
  }

  /** The counts so far, label order. Waits for the device. */
  read(): number[] {
    return this.#counts.toArray();
  }

  /** Starts from these counts, or from 0. */
  reset(counts: readonly number[] = new Array<number>(this.classes).fill(0)): void {
    this.#counts.write_(BigInt64Array.from(counts, BigInt));
  }

  dispose(): void {
    this.#counts.dispose();
  }
}
