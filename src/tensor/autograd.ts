// Gradients as values, and the modes that switch their recording.
import { asTensorError, tensorError } from "./errors.js";
import { native } from "./native.js";
import { wrap } from "./operator.js";
import type { Tensor } from "./tensor.js";

/** Options of `grad`. */
export interface GradOptions {
  /** Weights of the outputs, of their shapes; may be left out for scalars. */
  readonly gradOutputs?: readonly (Tensor | null)[];
  /** Keep the graph for another `grad` through it. Default: `createGraph`. */
  readonly retainGraph?: boolean;
  /** Record the gradient's own computation, for gradients of gradients. */
  readonly createGraph?: boolean;
}

/**
 * Gradients of the (summed, weighted) outputs with respect to each input, of the inputs' shapes.
 * @throws TensorError when an input does not influence the outputs (see `gradOrNull`)
 */
export function grad(
  outputs: Tensor | readonly Tensor[],
  inputs: readonly Tensor[],
  options?: GradOptions,
): Tensor[] {
  return compute(outputs, inputs, options, false) as Tensor[];
}

/** As `grad`, with `null` for inputs that do not influence the outputs. */
export function gradOrNull(
  outputs: Tensor | readonly Tensor[],
  inputs: readonly Tensor[],
  options?: GradOptions,
): (Tensor | null)[] {
  return compute(outputs, inputs, options, true);
}

function compute(
  outputs: Tensor | readonly Tensor[],
  inputs: readonly Tensor[],
  { gradOutputs = [], createGraph = false, retainGraph = createGraph }: GradOptions = {},
  allowUnused: boolean,
): (Tensor | null)[] {
  const roots: readonly Tensor[] = "shape" in outputs ? [outputs] : outputs;
  try {
    return native()
      .grad(
        roots.map((tensor) => tensor._handle),
        inputs.map((tensor) => tensor._handle),
        gradOutputs.map((tensor) => tensor?._handle ?? null),
        retainGraph,
        createGraph,
        allowUnused,
      )
      .map((handle) => (handle === null ? null : wrap(handle)));
  } catch (cause) {
    const names = (list: readonly Tensor[]) => list.slice(0, 4).map(String).join(", ");
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw tensorError(`grad of [${names(roots)}] for [${names(inputs)}]: ${reason}`, { cause });
  }
}

function withGradMode<T>(enabled: boolean, body: () => T): T {
  const before = native().isGradEnabled();
  native().setGradEnabled(enabled);
  try {
    return body();
  } finally {
    native().setGradEnabled(before);
  }
}

/** Runs `body` without recording for `grad`. */
export function noGrad<T>(body: () => T): T {
  return withGradMode(false, body);
}

/** Runs `body` with recording, inside a `noGrad`. */
export function enableGrad<T>(body: () => T): T {
  return withGradMode(true, body);
}

/** Whether operations are recorded right now. */
export function isGradEnabled(): boolean {
  return native().isGradEnabled();
}

/** Runs `body` faster than `noGrad` does; what it makes can never take part in a later gradient. */
export function inferenceMode<T>(body: () => T): T {
  asTensorError(() => native().pushInferenceMode(true));
  try {
    return body();
  } finally {
    native().popInferenceMode();
  }
}
