// What attacks refuse to work on, in one sentence and before any time is spent.
import { ReatError } from "../errors.js";
import { scope, stack, type Tensor } from "../tensor/index.js";

/**
 * @internal
 * @throws ReatError `data` for no images, another shape, values outside [0, 1], or labels that do not belong to them
 */
export function requireImages(attack: string, images: Tensor, labels: Tensor): void {
  const { shape } = images;
  if (shape.length !== 4) {
    throw new ReatError(
      "data",
      `Attack ${attack} takes images of shape [N, channels, height, width], got [${shape.join(", ")}].`,
    );
  }
  if (shape[0] === 0) throw new ReatError("data", `Attack ${attack} needs at least one image, got none.`);
  if (labels.ndim !== 1 || labels.shape[0] !== shape[0] || labels.dtype !== "int64") {
    throw new ReatError(
      "data",
      `Attack ${attack} takes one int64 label an image ([${shape[0]}]), got ${labels.dtype} [${labels.shape.join(", ")}].`,
    );
  }
  const [lowest, highest] = scope(() => stack([images.amin(), images.amax()]).toArray()) as [number, number];
  if (!(lowest >= 0 && highest <= 1)) {
    throw new ReatError(
      "data",
      `Attack ${attack} takes images in [0, 1], got values from ${lowest} to ${highest}.`,
    );
  }
}

/**
 * @internal
 * @throws ReatError `numerics` for NaN or infinite logits, `data` for labels that are no class of the model
 */
export function requireLogits(attack: string, logits: Tensor, labels: Tensor): void {
  const classes = logits.shape[1]!;
  const [broken, lowest, highest] = scope(() => [
    logits.isFinite().logicalNot().sum().item(),
    labels.amin().item(),
    labels.amax().item(),
  ]) as [number, number, number];
  if (broken > 0) {
    throw new ReatError(
      "numerics",
      `Attack ${attack} needs finite logits, but ${broken} of ${logits.size} are NaN or infinite.`,
    );
  }
  if (lowest < 0 || highest >= classes) {
    throw new ReatError(
      "data",
      `Attack ${attack} takes labels from 0 to ${classes - 1} (the model has ${classes} classes), got ${lowest < 0 ? lowest : highest}.`,
    );
  }
}

/** @internal @throws ReatError `config` */
export function requireWhole(attack: string, what: string, value: number, least = 1): void {
  if (!(Number.isInteger(value) && value >= least)) {
    throw new ReatError("config", `${what} of attack ${attack} must be an integer ≥ ${least}, got ${value}.`);
  }
}
