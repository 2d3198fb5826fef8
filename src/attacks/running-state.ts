// The per-sample state of an iterative attack: replaced step by step without leaks, and cut down to the samples still in work.
import { arange, scope, type Tensor } from "../tensor/index.js";

/** Tensors by name, each with the samples as its first dimension. */
export type State = Readonly<Record<string, Tensor>>;

/** The state with what `body` returns put in; tensors that are no longer part of it are freed. */
export function advance<S extends State>(state: S, body: (state: S) => Partial<S>): S {
  const next = { ...state, ...scope(() => body(state)) } as S;
  const alive = new Set(Object.values(next));
  for (const tensor of Object.values(state)) if (!alive.has(tensor)) tensor.dispose();
  return next;
}

/** The samples at `rows` (int64) alone. */
export function select<S extends State>(state: S, rows: Tensor): S {
  return advance(
    state,
    (all) =>
      Object.fromEntries(
        Object.entries(all).map(([name, tensor]) => [name, tensor.indexSelect(0, rows)]),
      ) as Partial<S>,
  );
}

/** Positions 0 … count−1, for the `rows` entry that says where in the batch each remaining sample belongs. */
export function allRows(images: Tensor): Tensor {
  return arange(0, images.shape[0]!, 1, { device: images.device });
}

/** Positions of the true entries of a bool [N], int64. */
export function where(mask: Tensor): Tensor {
  return scope(() => mask.nonzero().squeeze(1));
}

/** How many entries of a bool tensor are true. Waits for the device. */
export function count(mask: Tensor): number {
  return scope(() => mask.sum().item());
}

/** Asking which samples are finished waits for the device, so on a graphics card it is not done in every step. */
export function isTimeToLook(step: number, images: Tensor): boolean {
  return images.device === "cpu" || step % 8 === 7;
}
