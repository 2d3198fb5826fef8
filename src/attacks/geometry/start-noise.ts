// Where an attack starts: the noises that the field's implementations add to the clean image.
import { ReatError } from "../../errors.js";
import { type Generator, rand, randn, type Tensor } from "../../tensor/index.js";
import type { Norm, Radius } from "./norm.js";

/**
 * - `uniform`: evenly over the ball (l∞: U(−ε, ε) for each pixel; PGD, REAT)
 * - `half-uniform`: U(0, ε) for each pixel, l∞ alone (RoBal's released code)
 * - `double-uniform`: U(−2ε, 2ε) for each pixel, l∞ alone (N-FGSM)
 * - `gaussian`: 0.001 · N(0, 1) for each pixel (TRADES, AT-BSL)
 * - `none`: the clean image
 */
export type StartNoiseName = "uniform" | "half-uniform" | "double-uniform" | "gaussian" | "none";
/** All of {@link StartNoiseName}. */
export const startNoiseNames: readonly StartNoiseName[] = [
  "uniform",
  "half-uniform",
  "double-uniform",
  "gaussian",
  "none",
];

/** Your own noise: a tensor of the images' shape that is added to them. The attack frees it. */
export type StartNoise = (images: Tensor, generator: Generator) => Tensor;

const gaussianScale = 0.001;

/** @internal The noise to add for a named or own start; `null` for none. @throws ReatError `config` */
export function startNoise(
  start: StartNoiseName | StartNoise,
  norm: Norm,
  epsilon: Radius,
): StartNoise | null {
  if (typeof start === "function") return start;
  switch (start) {
    case "none":
      return null;
    case "uniform":
      return (images, generator) => norm.uniformNoise(images, epsilon, generator);
    case "gaussian":
      return (images, generator) => randn(images.shape, generator, images.dtype).mul_(gaussianScale);
    case "half-uniform":
    case "double-uniform":
      if (norm.name !== "linf") {
        throw new ReatError(
          "config",
          `start "${start}" is a noise for norm linf, got norm ${norm.name}, which takes uniform, gaussian or none.`,
        );
      }
      if (start === "half-uniform")
        return (images, generator) => rand(images.shape, generator, images.dtype).mul_(epsilon);
      return (images, generator) => norm.uniformNoise(images, epsilon, generator).mul_(2);
    default:
      throw new ReatError("config", `start must be one of ${startNoiseNames.join(", ")}, got "${start}".`);
  }
}
