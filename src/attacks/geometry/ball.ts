// The balls that bound perturbations in AutoAttack: l∞, l2 and l1, each with its length, its unit vectors and its random starts.
import { ReatError } from "../../errors.js";
import type { Tensor } from "../../tensor/index.js";
import type { ImageDraws } from "../image-draws.js";
import { projectOnL1Ball } from "./l1-projection.js";

/** The norms that bound a perturbation in AutoAttack. */
export type BallName = "linf" | "l2" | "l1";
/** All of {@link BallName}. */
export const ballNames: readonly BallName[] = ["linf", "l2", "l1"];

/** A norm as people read it, "l∞" for "linf"; a name that is none of {@link BallName} stays as it is. */
export function normSymbol(name: string): string {
  return name === "linf" ? "l∞" : name;
}

/** Avoids a division by the length of a zero vector; the value is AutoAttack's. */
const tiny = 1e-12;

/** @internal All dimensions but the first. */
export function sampleDims(images: Tensor): number[] {
  return images.shape.slice(1).map((_, index) => index + 1);
}

/** @internal One value per sample, [N], as [N,1,1,1], so that it broadcasts over images. */
export function perSample(values: Tensor, images: Tensor): Tensor {
  return values.reshape([-1, ...images.shape.slice(1).map(() => 1)]);
}

const orders = { linf: Number.POSITIVE_INFINITY, l2: 2, l1: 1 } as const;

/** Length of each sample's perturbation in the norm: [N], or [N,1,1,1] with `keepDim`. */
export function lengths(perturbation: Tensor, ball: BallName, keepDim = false): Tensor {
  const dims = sampleDims(perturbation);
  // The general norm of order infinity is slower than the two operations it is made of.
  if (ball === "linf") return perturbation.abs().amax(dims, keepDim);
  return perturbation.norm(orders[ball], dims, keepDim);
}

/** @internal Each sample scaled to length 1 (zero stays zero). */
export function normalised(direction: Tensor, ball: BallName): Tensor {
  return direction.div(lengths(direction, ball, true).add_(tiny));
}

/** @internal Moves points, in place, radially into the l2 ball and then into [0, 1]. */
export function projectRadially_(point: Tensor, images: Tensor, epsilon: number): Tensor {
  const delta = point.sub_(images);
  const shrink = lengths(delta, "l2", true).add_(tiny).reciprocal().mul_(epsilon).clamp_(null, 1);
  return delta.mul_(shrink).add_(images).clamp_(0, 1);
}

/** @internal A random point on the boundary of the ball (l1: in it), clipped to [0, 1]: where APGD's restarts begin. */
export function randomStart(images: Tensor, ball: BallName, epsilon: number, draws: ImageDraws): Tensor {
  const noise = noiseOf(images, ball, draws);
  if (ball === "l1") return projectOnL1Ball(images, noise, epsilon).add_(images).clamp_(0, 1);
  return normalised(noise, ball).mul_(epsilon).add_(images).clamp_(0, 1);
}

/** @internal A random direction for each image: even between −1 and 1 for l∞, otherwise normal. */
export function noiseOf(images: Tensor, ball: BallName, draws: ImageDraws): Tensor {
  const shape = images.shape.slice(1);
  return ball === "linf" ? draws.rand(shape, images.dtype).mul_(2).sub_(1) : draws.randn(shape, images.dtype);
}

/** @throws ReatError `config` for a norm no attack has, or a radius that is negative, no number, or larger than any image */
export function requireBall(attack: string, ball: string, epsilon: number): void {
  if (!ballNames.includes(ball as BallName)) {
    throw new ReatError(
      "config",
      `norm of attack ${attack} must be ${ballNames.join(", ").replace(/, (\w+)$/, " or $1")}, got "${ball}".`,
    );
  }
  if (!(epsilon > 0 && Number.isFinite(epsilon)) || (ball === "linf" && epsilon > 1)) {
    const accepted =
      ball === "linf"
        ? "a number above 0 and at most 1 (8/255 is 8 of 255 grey levels)"
        : "a finite number above 0";
    throw new ReatError(
      "config",
      `epsilon of attack ${attack} for norm ${ball} must be ${accepted}, got ${epsilon}.`,
    );
  }
}
