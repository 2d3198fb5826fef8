// RandAugment (Cubuk et al. 2020): a few operations, each equally likely, all at one strength.
import { ReatError } from "../../errors.js";
import type { AugmentationPolicy } from "./augmentation-policy.js";
import { augmentationStrength } from "./augmentation-strength.js";
import type { ImageOperation } from "./image-operations.js";

const randAugmentOperations: readonly ImageOperation[] = [
  "identity",
  "shearX",
  "shearY",
  "translateX",
  "translateY",
  "rotate",
  "brightness",
  "color",
  "contrast",
  "sharpness",
  "posterize",
  "solarize",
  "autoContrast",
  "equalize",
];

/** Highest strength. */
const levels = 30;

export interface RandAugmentOptions {
  /** Operations per image, drawn with replacement. */
  readonly operations: number;
  /** Strength of all operations, a whole number from 0 to 30. */
  readonly magnitude: number;
}

/** @throws ReatError `config` for an impossible number of operations or strength */
export function randAugment({ operations, magnitude }: RandAugmentOptions): AugmentationPolicy {
  for (const [name, value, most] of [
    ["number of operations", operations, 14],
    ["magnitude", magnitude, levels],
  ] as const) {
    if (!Number.isInteger(value) || value < 0 || value > most) {
      throw new ReatError(
        "config",
        `RandAugment's ${name} is ${value}; it must be a whole number from 0 to ${most}.`,
      );
    }
  }
  return (random, size) =>
    Array.from({ length: operations }, () => {
      const operation = randAugmentOperations[random.below(randAugmentOperations.length)]!;
      const isNegative = random.below(2) === 1;
      return {
        operation,
        magnitude: augmentationStrength(operation, magnitude / levels, isNegative, size),
      };
    });
}
