// FAB as an attack (Croce and Hein 2020): minimal perturbations, counted as a success where they are within the radius.
import { noGrad, scope, type Tensor } from "../../tensor/index.js";
import { requireImages, requireLogits, requireWhole } from "../attack-input.js";
import { classOfRank } from "../dlr.js";
import { type BallName, noiseOf, normalised, requireBall } from "../geometry/index.js";
import { drawSeeds, ImageDraws, seedsOfTurn } from "../image-draws.js";
import type { AttackObserver } from "../observer.js";
import { inFastLayout, logitsPass } from "../passes.js";
import { where } from "../running-state.js";
import type { StandingAttack } from "../standing-attack.js";
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

  return {
    name,
    confirmsExamples: true,
    perturb(model, images, labels, generator, known = {}) {
      requireImages(name, images, labels);
      return scope(() =>
        noGrad(() => {
          const adversarial = images.clone();
          const clean = known.logits ?? logitsPass(model, images);
          const seeds = known.seeds ?? drawSeeds(images.shape[0]!, generator);
          requireLogits(name, clean, labels);
          const ranks = targeted ? Math.min(targets, clean.shape[1]! - 1) : 1;
          const total = ranks * restarts * steps;
          let standing = where(clean.argmax(1).eq(labels));
          for (let turn = 0; turn < ranks * restarts && standing.shape[0]! > 0; turn++) {
            standing = scope(() => {
              const image = inFastLayout(images.indexSelect(0, standing));
              const label = labels.indexSelect(0, standing);
              const draws = new ImageDraws(seedsOfTurn(seeds, standing, turn), images.device);
              const start = turn % restarts === 0 ? image : noisyStart(image, norm, epsilon, draws);
              const rank = 2 + Math.floor(turn / restarts);
              let done = turn * steps;
              const found = fabRun(
                model,
                {
                  ...{ images: image, labels: label, start },
                  targets: targeted ? classOfRank(clean.indexSelect(0, standing), rank) : null,
                },
                {
                  ...runOptions,
                  onStep: (left) =>
                    observer?.progress?.({ attack: name, done: ++done, total, standing: left }),
                },
              );
              const within = found.distance.le(epsilon);
              const rows = where(within);
              adversarial.indexCopy_(0, standing.indexSelect(0, rows), found.closest.indexSelect(0, rows));
              return standing.indexSelect(0, where(within.logicalNot()));
            });
          }
          return adversarial;
        }),
      );
    },
  };
}
