// How the parts of a batch are laid out: which images each has, and what of its step is sent in which order.
import type { TrainingBatch } from "../methods/index.js";
import type { ImageClassifier } from "../nn/index.js";
import { cat, scope, type Tensor, zeros } from "../tensor/index.js";

/** The images of a part, from one before another, and how many the batch has. */
export type Range = readonly [from: number, to: number, images: number];

/** Where gradients and running statistics lie in a row. */
export class Layout {
  readonly #parameters: readonly Tensor[];
  readonly buffers: readonly Tensor[];
  /** Numbers before the tail. */
  readonly length: number;

  constructor(model: ImageClassifier) {
    this.#parameters = model.parameters();
    // Counters move alike in every process.
    this.buffers = [...model.namedBuffers().values()].filter(({ dtype }) => dtype.includes("float"));
    this.length = [...this.#parameters, ...this.buffers].reduce((sum, { size }) => sum + size, 0);
  }

  readGradients(sum: Tensor) {
    let at = 0;
    const take = (like: Tensor) => {
      const values = sum.slice(0, at, at + like.size).reshape(like.shape);
      at += like.size;
      return values.to(like.device).to(like.dtype);
    };
    return { gradients: this.#parameters.map(take), take, end: () => at };
  }

  read(sum: Tensor) {
    const { gradients, take, end } = this.readGradients(sum);
    const buffers = this.buffers.map((buffer) => [buffer, take(buffer)] as const);
    const tail = sum.slice(0, end(), sum.shape[0]!).to(this.#parameters[0]!.device);
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
