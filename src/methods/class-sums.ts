// Sums of rows by class on the device, without waiting for it at each batch.
import { type Device, keep, noGrad, oneHot, scope, type Tensor, tensor } from "../tensor/index.js";

/** For each class the sum of its samples' rows and their number, since the last `reset`. Owns a tensor: dispose. */
export class ClassSums {
  /** [classes, width + 1], the number last. */
  readonly #sums: Tensor;

  constructor(
    readonly classes: number,
    readonly width: number,
    device: Device,
  ) {
    this.#sums = keep(
      tensor(new Float32Array(classes * (width + 1)), { shape: [classes, width + 1], device }),
    );
  }

  /** @param rows [N, width]; @param labels int64 [N] */
  add(rows: Tensor, labels: Tensor): void {
    scope(() =>
      noGrad(() => {
        const members = oneHot(labels, this.classes).to("float32").t();
        const values = rows.to("float32");
        this.#sums.slice(1, 0, this.width).add_(members.matmul(values));
        this.#sums.slice(1, this.width, this.width + 1).add_(members.sum([1], true));
      }),
    );
  }

  /** Waits for the device. */
  read(): { readonly sums: number[][]; readonly counts: number[] } {
    const values = this.#sums.toArray();
    const rows = Array.from({ length: this.classes }, (_, k) =>
      values.slice(k * (this.width + 1), (k + 1) * (this.width + 1)),
    );
    return { sums: rows.map((row) => row.slice(0, this.width)), counts: rows.map((row) => row[this.width]!) };
  }

  /** All numbers, for a checkpoint. */
  state(): number[] {
    return this.#sums.toArray();
  }

  /** Starts from these numbers, or from 0. @throws ReatError `tensor` for another number of them */
  reset(state: readonly number[] = new Array<number>(this.classes * (this.width + 1)).fill(0)): void {
    this.#sums.write_(Float32Array.from(state));
  }

  dispose(): void {
    this.#sums.dispose();
  }
}
