// How the parts of a batch are laid out: which images each has, and what of its step is sent in which order.
import type { TrainingBatch } from "../methods/index.js";
import type { ImageClassifier } from "../nn/index.js";
import { cat, scope, type Tensor, zeros } from "../tensor/index.js";
import type { Resting } from "./recorded-step.js";

/** The images of a part, from one before another, and how many the batch has. */
export type Range = readonly [from: number, to: number, images: number];

/** Where gradients and running statistics lie in a row. */
export class Layout {
  readonly #parameters: readonly Tensor[];
  readonly buffers: readonly Tensor[];
  /** Numbers before the tail. */
  readonly length: number;

  /** @param resting parameters whose gradients are not sent */
  constructor(
    model: ImageClassifier,
    readonly resting: Resting,
  ) {
    this.#parameters = model.parameters();
    // Counters move alike in every process.
    this.buffers = [...model.namedBuffers().values()].filter(({ dtype }) => dtype.includes("float"));
    const sent = this.#parameters.filter((_, index) => !resting?.[index]);
    this.length = [...sent, ...this.buffers].reduce((sum, { size }) => sum + size, 0);
  }

  /** Of a row that begins with the gradients of all parameters. */
  readGradients(sum: Tensor): Tensor[] {
    return this.#parameters.map(this.#reader(sum));
  }

  /** Takes the row's next numbers in the shape of a tensor. */
  #reader(sum: Tensor): (like: Tensor) => Tensor {
    let at = 0;
    return (like) => {
      const values = sum.slice(0, at, at + like.size).reshape(like.shape);
      at += like.size;
      return values.to(like.device).to(like.dtype);
    };
  }

  read(sum: Tensor) {
    const take = this.#reader(sum);
    const gradients = this.#parameters.map((like, index) => (this.resting?.[index] ? null : take(like)));
    const buffers = this.buffers.map((buffer) => [buffer, take(buffer)] as const);
    const tail = sum.slice(0, this.length, sum.shape[0]!).to(this.#parameters[0]!.device);
    return { gradients, buffers, tail };
  }
}

/** Rows [n, …] of a part's images as those of a batch, flat, with zeros for the others: the sum over the parts has all. */
export function placed(rows: Tensor, [from, to, images]: Range): Tensor {
  const size = rows.size / (to - from);
  const outside = (count: number) => zeros([count * size], { device: rows.device });
  return cat([outside(from), rows.detach().flatten().to("float32"), outside(images - to)]);
}

/** Where piece `index` of `pieces` of `total` begins. */
export function partOf(index: number, pieces: number, total: number): number {
  return Math.floor((index * total) / pieces);
}

export function addUp(rows: readonly Tensor[]): Tensor {
  return scope(() => {
    const [first, ...others] = rows;
    const sum = first!.clone();
    for (const row of others) sum.add_(row);
    return sum;
  });
}

export function sliceOf({ images, labels, mixed }: TrainingBatch, from: number, to: number): TrainingBatch {
  const cut = (tensor: Tensor) => tensor.slice(0, from, to).contiguous();
  return {
    ...{ images: cut(images), labels: cut(labels) },
    ...(mixed && { mixed: { labels: cut(mixed.labels), share: mixed.share } }),
  };
}
