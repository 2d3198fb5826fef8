// Running sums of an epoch that stay on the device, so that a step does not wait for it.
import { ReatError } from "../errors.js";
import type { StepResult } from "../methods/index.js";
import {
  arange,
  type Device,
  full,
  keep,
  noGrad,
  scope,
  stack,
  type Tensor,
  zeros,
} from "../tensor/index.js";

/** The sums so far; reading them waits for the device. */
export interface Totals {
  readonly batches: number;
  readonly images: number;
  /** Images whose adversarial examples were predicted. */
  readonly adversarialImages: number;
  /** Sum over images. */
  readonly loss: number;
  /** Batches up to the first whose loss is NaN or infinite. */
  readonly finiteBatches: number;
  readonly correct: number;
  /** Sums over images. */
  readonly terms: Readonly<Record<string, number>>;
}

/** The part of the state that is not a tensor. */
export interface StatisticsCounts {
  readonly batches: number;
  readonly images: number;
  readonly adversarialImages: number;
  readonly termNames: readonly string[];
}

export const noTotals: Totals = {
  batches: 0,
  images: 0,
  adversarialImages: 0,
  loss: 0,
  finiteBatches: 0,
  correct: 0,
  terms: {},
};

/** Loss; 1 while all losses were finite, 0 from then on; finite batches; correct predictions. */
const fixedSums = 4;

/** Loss, accuracy and predictions of one epoch's batches. Owns its tensors: dispose it. */
export class EpochStatistics implements Disposable {
  #batches = 0;
  #images = 0;
  #adversarialImages = 0;
  #termNames: readonly string[] = [];
  /** float64: the sums, in the order of `#addends`. */
  #sums: Tensor | undefined;
  /** int64 [C] */
  readonly #predicted: Tensor;
  readonly #classIds: Tensor;

  constructor(
    readonly classes: number,
    readonly device: Device,
  ) {
    this.#predicted = keep(zeros([classes], { dtype: "int64", device }));
    this.#classIds = keep(arange(0, classes, 1, { device }));
  }

  /** Adds a batch of `labels` (int64 [N]). */
  add({ loss, adversarialLogits, terms }: StepResult, labels: Tensor): void {
    const count = labels.shape[0]!;
    noGrad(() =>
      scope(() => {
        if (!this.#sums) this.#begin(Object.keys(terms));
        const flat = (value: Tensor) => value.detach().to("float64").reshape([]);
        const allFinite = this.#sums!.select(0, 1);
        const finite = flat(loss.isFinite()).mul(allFinite);
        const predictions = adversarialLogits?.argmax(1);
        const correct = predictions?.eq(labels).sum() ?? zeros([], { device: this.device });
        const addends = [
          flat(loss).mul(count),
          finite.sub(allFinite),
          finite,
          flat(correct),
          ...this.#termNames.map((name) => flat(terms[name]!).mul(count)),
        ];
        this.#sums!.add_(stack(addends));
        if (predictions) {
          this.#predicted.add_(predictions.unsqueeze(1).eq(this.#classIds).sum([0]));
          this.#adversarialImages += count;
        }
      }),
    );
    this.#batches += 1;
    this.#images += count;
  }

  /** Waits for the device. */
  totals(): Totals {
    const [loss = 0, , finiteBatches = 0, correct = 0, ...terms] = this.#sums?.toArray() ?? [];
    return {
      batches: this.#batches,
      images: this.#images,
      adversarialImages: this.#adversarialImages,
      loss,
      finiteBatches,
      correct,
      terms: Object.fromEntries(this.#termNames.map((name, index) => [name, terms[index]!])),
    };
  }

  /** How often each class was predicted for the adversarial examples; `null` where there were none. */
  predicted(): number[] | null {
    return this.#adversarialImages > 0 ? this.#predicted.toArray() : null;
  }

  /** Begins the next epoch. */
  reset(): void {
    this.#batches = this.#images = this.#adversarialImages = 0;
    this.#sums?.dispose();
    this.#sums = undefined;
    this.#predicted.zero_();
  }

  counts(): StatisticsCounts {
    return {
      batches: this.#batches,
      images: this.#images,
      adversarialImages: this.#adversarialImages,
      termNames: this.#sums ? this.#termNames : [],
    };
  }

  /** The live tensors, by name. */
  tensors(): Map<string, Tensor> {
    const sums: [string, Tensor][] = this.#sums ? [["sums", this.#sums]] : [];
    return new Map([["predicted", this.#predicted], ...sums]);
  }

  /**
   * Continues from what `counts` and `tensors` gave.
   * @throws ReatError `checkpoint` for others
   */
  restore(counts: StatisticsCounts, tensors: ReadonlyMap<string, Tensor>): void {
    requireShape("predicted", tensors.get("predicted"), this.classes);
    if (counts.batches > 0) requireShape("sums", tensors.get("sums"), fixedSums + counts.termNames.length);
    this.reset();
    this.#batches = counts.batches;
    this.#images = counts.images;
    this.#adversarialImages = counts.adversarialImages;
    this.#predicted.copy_(tensors.get("predicted")!);
    const sums = tensors.get("sums");
    if (sums) {
      this.#begin(counts.termNames);
      this.#sums!.copy_(sums);
    }
  }

  dispose(): void {
    this.#sums?.dispose();
    this.#predicted.dispose();
    this.#classIds.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #begin(termNames: readonly string[]): void {
    const { device } = this;
    this.#termNames = termNames;
    this.#sums = keep(full([fixedSums + termNames.length], 0, { dtype: "float64", device }));
    scope(() => this.#sums!.select(0, 1).fill_(1));
  }
}

function requireShape(name: string, tensor: Tensor | undefined, length: number): void {
  if (tensor && String(tensor.shape) === String([length])) return;
  const given = tensor ? `is [${tensor.shape}]` : "is missing";
  throw new ReatError("checkpoint", `"${name}" ${given}, and [${length}] is needed.`);
}

/** Means over what was added between two readings of one epoch. */
export function meansBetween(before: Totals, now: Totals) {
  const images = now.images - before.images;
  const adversarial = now.adversarialImages - before.adversarialImages;
  return {
    images,
    loss: (now.loss - before.loss) / images,
    adversarialAccuracy: adversarial > 0 ? (now.correct - before.correct) / adversarial : null,
    terms: Object.fromEntries(
      Object.entries(now.terms).map(([name, value]) => [name, (value - (before.terms[name] ?? 0)) / images]),
    ),
  };
}
