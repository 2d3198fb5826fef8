// One number per class as a tensor, made once for each dtype and device it is combined with.
import { isGradEnabled, keep, noGrad, scope, type Tensor, tensor } from "../tensor/index.js";

let owned: ClassConstant[] | undefined;

/**
 * Runs a body that builds losses. @returns what it gives, and a function that frees the tensors of all constants made in
 * it: a loss has no owner of its own, and a process that trains many times cannot wait for the collector
 */
export function owningConstants<T>(body: () => T): readonly [T, () => void] {
  const outer = owned;
  const mine: ClassConstant[] = [];
  owned = mine;
  try {
    const result = body();
    return [
      result,
      () => {
        for (const constant of mine) constant.dispose();
      },
    ];
  } finally {
    owned = outer;
  }
}

/** A vector of numbers, one per class, that follows the dtype and device of what it is combined with. */
export class ClassConstant {
  #made: { readonly kind: string; readonly value: Tensor } | undefined;

  #values: readonly number[];

  constructor(values: readonly number[]) {
    this.#values = values;
    owned?.push(this);
  }

  get values(): readonly number[] {
    return this.#values;
  }

  /** The numbers [C] in the dtype and on the device of `like`. */
  like(like: Tensor): Tensor {
    const { dtype, device } = like;
    const kind = `${dtype} ${device}`;
    if (this.#made?.kind === kind) return this.#made.value;
    const value = tensor(Float64Array.from(this.values)).to(dtype).to(device);
    // What is made in inference mode cannot take part in a later gradient, so it is not kept.
    if (isGradEnabled()) {
      this.#made?.value.dispose();
      this.#made = { kind, value: keep(value) };
    }
    return value;
  }

  /** Sets other numbers, as many as before; they are written into the existing tensor, so that recorded work sees them. */
  update(values: readonly number[]): void {
    this.#values = values;
    const made = this.#made?.value;
    if (made) scope(() => noGrad(() => made.copy_(tensor(Float64Array.from(values)))));
  }

  /** Frees the tensor; it is made again where it is needed. */
  dispose(): void {
    this.#made?.value.dispose();
    this.#made = undefined;
  }
}
