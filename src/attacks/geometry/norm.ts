// The norms that bound a perturbation: each knows its noise, its step and its projection.
import { type Generator, type Operand, rand, randn, type Tensor } from "../../tensor/index.js";
import { sampleDims } from "./ball.js";
import { usualBudgets } from "./usual-budget.js";

/** Avoids a division by zero. */
const tiny = 1e-12;

/** The norms that have a step of gradient ascent. */
export type NormName = "linf" | "l2";

/** Radius of the ball: one for all samples, or one for each, shaped to broadcast with the images. */
export type Radius = Operand;

/** All that an iterative attack needs to know of the set of allowed perturbations. */
export interface Norm {
  readonly name: NormName;
  /** Above this a ball holds every image, so an epsilon beyond it is a mistake. */
  readonly largestEpsilon: number;
  /** Used where none are given. */
  readonly defaults: { readonly epsilon: number; readonly stepSize: number };
  /** Noise spread evenly over the ball, of the images' shape and dtype. */
  uniformNoise(images: Tensor, epsilon: Radius, generator: Generator): Tensor;
  /** The perturbation of norm 1, of the gradient's shape, that raises the objective most, to first order. */
  ascent(gradient: Tensor): Tensor;
  /** A function that moves a point of the images' shape, in place, into the ball around the images and into [0, 1]. */
  projection(images: Tensor, epsilon: Radius): (point: Tensor) => void;
}

/** Every pixel by itself changes by at most epsilon. */
export const linf: Norm = {
  name: "linf",
  largestEpsilon: 1,
  defaults: usualBudgets.linf,

  uniformNoise(images, epsilon, generator) {
    const width = typeof epsilon === "number" ? 2 * epsilon : epsilon.mul(2);
    return rand(images.shape, generator, images.dtype).mul_(width).sub_(epsilon);
  },

  // sign(0) = 0: a pixel without influence stays.
  ascent: (gradient) => gradient.sign(),

  // Ball and [0, 1] overlap at every pixel, so both are one interval, found once for all steps.
  projection(images, epsilon) {
    const lowest = images.sub(epsilon).clamp_(0, null);
    const highest = images.add(epsilon).clamp_(null, 1);
    return (point) => void point.clampTo_(lowest, highest);
  },
};

/** The Euclidean length of each image's perturbation is at most epsilon. */
export const l2: Norm = {
  name: "l2",
  largestEpsilon: Number.MAX_VALUE,
  defaults: usualBudgets.l2,

  // A normal vector's direction is uniform on the sphere; radius u^(1/d) makes the volume uniform.
  uniformNoise(images, epsilon, generator) {
    const { shape, dtype } = images;
    const [count, ...rest] = shape;
    const direction = randn(shape, generator, dtype);
    const radius = rand([count, ...rest.map(() => 1)], generator, dtype).pow(1 / (images.size / count));
    const length = direction.norm(2, sampleDims(images), true).add_(tiny);
    return direction.mul_(radius.mul_(epsilon).div_(length));
  },

  ascent: (gradient) => gradient.div(gradient.norm(2, sampleDims(gradient), true).add_(tiny)),

  projection(images, epsilon) {
    const dims = sampleDims(images);
    return (point) => {
      point.sub_(images);
      const shrink = point.norm(2, dims, true).clamp_(tiny, null).reciprocal().mul_(epsilon).clamp_(null, 1);
      point.mul_(shrink).add_(images).clamp_(0, 1);
    };
  },
};

/** Norms by name. */
export const norms: Readonly<Record<NormName, Norm>> = { linf, l2 };
/** All of {@link NormName}. */
export const normNames = Object.keys(norms) as readonly NormName[];
