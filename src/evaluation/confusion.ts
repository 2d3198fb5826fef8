// Counts labels and predictions on the device; the counts are read once, at the end.
import { ReatError } from "../errors.js";
import {
  cat,
  type Device,
  keep,
  noGrad,
  onesLike,
  operator,
  type ProcessTeam,
  scope,
  type Tensor,
  tensor,
  zeros,
} from "../tensor/index.js";

const scatterAddInPlace = operator("scatter_add_");

/** A confusion matrix that grows by batches. Owns its tensors: dispose it. */
export class ConfusionCounter implements Disposable {
  readonly #counts: Tensor;
  readonly #unusable: Tensor;
  readonly #foreign: Tensor;
  /** What all processes know already, in the order of `#all`. */
  readonly #shared: Tensor;

  /** @param earlier counts to go on from, as `read` gave them */
  constructor(
    readonly classes: number,
    device: Device,
    earlier?: readonly (readonly number[])[],
  ) {
    const options = { dtype: "int64", device } as const;
    this.#counts = keep(earlier ? tensor(earlier.flat(), options) : zeros([classes * classes], options));
    this.#unusable = keep(zeros([], options));
    this.#foreign = keep(zeros([], options));
    this.#shared = scope(() => keep(this.#all().clone()));
  }

  /** Counts the largest of each row of logits [N, C] against labels int64 [N]. */
  add(logits: Tensor, labels: Tensor): void {
    noGrad(() =>
      scope(() => {
        const outside = labels.lt(0).logicalOr(labels.ge(this.classes));
        this.#foreign.add_(outside.sum());
        const cell = labels
          .clamp(0, this.classes - 1)
          .mul(this.classes)
          .add(logits.argmax(1));
        scatterAddInPlace(this.#counts, 0, cell, onesLike(cell));
        this.#unusable.add_(logits.isFinite().logicalNot().sum());
      }),
    );
  }

  /**
   * Adds what each process counted since the last call, or since the beginning, to all processes' counts, and hears whether one is
   * asked to stop. Earlier counts are the same everywhere.
   * @throws ReatError `environment` where a process is lost
   */
  async shareNew(team: ProcessTeam): Promise<void> {
    using asked = tensor(BigInt64Array.of(BigInt(team.asked)));
    using news = scope(() => {
      return keep(cat([this.#all().sub(this.#shared), asked]));
    });
    await team.group.allReduce(news);
    scope(() => {
      const length = news.size - 1;
      team.hear(news.select(0, length).item());
      const sum = this.#shared.add_(news.slice(0, 0, length));
      const cells = this.classes ** 2;
      this.#counts.copy_(sum.slice(0, 0, cells));
      this.#unusable.copy_(sum.select(0, cells));
      this.#foreign.copy_(sum.select(0, cells + 1));
    });
  }

  #all(): Tensor {
    const counts = [this.#counts, this.#unusable.reshape([1]), this.#foreign.reshape([1])];
    return cat(counts).to("cpu");
  }

  /**
   * matrix[y][k] = images of class y predicted as class k. Waits for the device.
   * @throws ReatError `numerics` where a logit was NaN or infinite, because its image has no prediction; `data` where a
   * label was no class of the model
   */
  read(stage: string): number[][] {
    const foreign = this.#foreign.item();
    if (foreign > 0) {
      throw new ReatError(
        "data",
        `${foreign} labels are no class of the model (${stage}), which has the classes 0 to ${this.classes - 1}; the data must be those that it was trained for.`,
      );
    }
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
    this.#foreign.dispose();
    this.#shared.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
