// FAB as an attack (Croce and Hein 2020): minimal perturbations, counted as a success where they are within the radius.
import type { Tensor } from "../../tensor/index.js";
import { requireWhole } from "../attack-input.js";
import { classOfRank } from "../dlr.js";
import { type BallName, noiseOf, normalised, requireBall } from "../geometry/index.js";
import type { ImageDraws } from "../image-draws.js";
import type { AttackObserver } from "../observer.js";
import { type StandingAttack, standingAttack } from "../standing-attack.js";
import { type FabRunOptions, fabRun } from "./run.js";

/** Constants of FAB; those left out are AutoAttack's standard ones. */
export interface FabOptions {
  /** Default: "fab", or "fab-t" where targeted. */
  readonly name?: string;
  readonly norm: BallName;
  /** Distance within which an adversarial image counts, > 0. */
  readonly epsilon: number;
  /** Approach the boundary of one wrong class at a time, the strongest first. Default: false. */
  readonly targeted?: boolean;
  /** Wrong classes tried, at most classes − 1. Default: 9. */
  readonly targets?: number;
  /** Default: 100. */
  readonly steps?: number;
  /** The first attempt starts at the image, the others from noise of half the radius. Default: 1. */
  readonly restarts?: number;
  /** Default: 0.1. */
  readonly alphaMax?: number;
  /** Default: 1.05. */
  readonly eta?: number;
  /** Default: 0.9. */
  readonly beta?: number;
  readonly observer?: AttackObserver;
}

function noisyStart(images: Tensor, ball: BallName, epsilon: number, draws: ImageDraws): Tensor {
  return normalised(noiseOf(images, ball, draws), ball)
    .mul_(epsilon / 2)
    .add_(images)
    .clamp_(0, 1);
}

/**
 * FAB on standing images only. Work on an image ends as soon as an adversarial point within `epsilon` is found for it;
 * `fabRun` looks for the smallest distance instead. Images that are not fooled come back unchanged.
 * @throws ReatError `config` when a constant is out of its range
 */
export function fab(options: FabOptions): StandingAttack {
  const { norm, epsilon, targeted = false, targets = 9, steps = 100, restarts = 1, observer } = options;
  const { alphaMax = 0.1, eta = 1.05, beta = 0.9, name = targeted ? "fab-t" : "fab" } = options;
  requireBall(name, norm, epsilon);
  requireWhole(name, "steps", steps);
  requireWhole(name, "restarts", restarts);
  requireWhole(name, "targets", targets);
  const runOptions: FabRunOptions = {
    ...{ ball: norm, steps, alphaMax, eta, beta, stopWithin: epsilon },
    onUnconfirmed: (found) => observer?.unconfirmed?.(found),
  };

  return standingAttack({
    ...{ name, steps, observer },
    turns: (classes) => (targeted ? Math.min(targets, classes - 1) : 1) * restarts,
    begin:
      () =>
      ({ model, images, labels, clean, turn, draws, told }) => {
        const start = turn % restarts === 0 ? images : noisyStart(images, norm, epsilon, draws);
        const rank = 2 + Math.floor(turn / restarts);
        let done = 0;
        const found = fabRun(
          model,
          { images, labels, start, targets: targeted ? classOfRank(clean, rank) : null },
          { ...runOptions, onStep: (left) => told(++done, left) },
        );
        return { fooled: found.distance.le(epsilon), examples: found.closest };
      },
  });
}
