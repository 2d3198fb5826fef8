// Checks saved adversarial images: inside the ball, inside [0, 1], and as damaging as was reported.
import { scope, type Tensor } from "../../tensor/index.js";
import type { Classifier } from "../classifier.js";
import { type BallName, lengths } from "../geometry/index.js";
import { logitsPass } from "../passes.js";

/** What the saved images alone show. */
export interface AdversarialVerification {
  /** Largest length of a perturbation, and whether all are within epsilon (up to rounding). */
  readonly largestPerturbation: number;
  readonly insideBall: boolean;
  readonly lowestPixel: number;
  readonly highestPixel: number;
  readonly insideRange: boolean;
  /** Fraction of the saved images that the model classifies correctly, and one flag per image. */
  readonly accuracy: number;
  readonly robust: string;
  /** Everything above holds, and the flags are those that were reported. */
  readonly agrees: boolean;
}

/** float32 cannot hold x + ε exactly; lengths of many pixels round in proportion. */
function tolerance(ball: BallName, epsilon: number): number {
  return ball === "linf" ? 1e-6 : epsilon * 1e-5 + 1e-6;
}

/**
 * Checks adversarial images: their distance from the clean images, their range, and how the model classifies them.
 * @param images [N, channels, height, width] in [0, 1]; @param labels int64 [N]
 * @param adversarial one image for each of `images`, of the same shape
 * @param reported one character for each image, "1" if it was reported as still classified correctly
 */
export function verifyAdversarial(
  model: Classifier,
  images: Tensor,
  labels: Tensor,
  adversarial: Tensor,
  { norm, epsilon, reported }: { norm: BallName; epsilon: number; reported: string },
): AdversarialVerification {
  return scope(() => {
    const largestPerturbation = lengths(adversarial.sub(images), norm).amax().item();
    const [lowestPixel, highestPixel] = [adversarial.amin().item(), adversarial.amax().item()];
    const right = logitsPass(model, adversarial).argmax(1).eq(labels).toArray();
    const robust = right.map(Number).join("");
    // Written so that a NaN fails.
    const insideBall = largestPerturbation <= epsilon + tolerance(norm, epsilon);
    const insideRange = lowestPixel >= 0 && highestPixel <= 1;
    return {
      ...{ largestPerturbation, insideBall, lowestPixel, highestPixel, insideRange, robust },
      accuracy: right.reduce((sum, flag) => sum + Number(flag), 0) / right.length,
      agrees: insideBall && insideRange && robust === reported,
    };
  });
}
