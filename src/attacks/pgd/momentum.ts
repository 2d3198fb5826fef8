// MIM, the momentum iterative method (Dong et al. 2018): steps along an average of normalised gradients, made to transfer.
import { z } from "zod";
import { ReatError } from "../../errors.js";
import { noGrad, scope, type Tensor, zerosLike } from "../../tensor/index.js";
import type { Attack } from "../attack.js";
import { defineAttack, stepwiseNorms } from "../attack-entry.js";
import { requireImages, requireLogits, requireWhole } from "../attack-input.js";
import { type NormName, normalised, norms, requireBall } from "../geometry/index.js";
import { type AttackObjective, crossEntropyObjective } from "../objective.js";
import { gradientPass, logitsPass } from "../passes.js";
import { advance } from "../running-state.js";
import { stepwiseOptions } from "./stepwise-options.js";

/** Constants of MIM; pixels are in [0, 1]. */
export interface MomentumOptions {
  /** Default: "mim-" and the number of steps. */
  readonly name?: string;
  readonly norm: NormName;
  /** Radius of the ball, > 0. */
  readonly epsilon: number;
  /** Default: 10. */
  readonly steps?: number;
  /** Length of a step. Default: epsilon / steps. */
  readonly stepSize?: number;
  /** Part of the average that is kept from step to step, ≥ 0. Default: 1. */
  readonly decay?: number;
  /** Default: cross entropy. */
  readonly objective?: AttackObjective;
}

/**
 * g ← decay · g + ∇ / ‖∇‖₁, then a step of PGD along g, from the image itself.
 * @throws ReatError `config` when a constant is out of its range
 */
export function momentumAttack(options: MomentumOptions): Attack {
  const { norm: normName, epsilon, steps = 10, decay = 1, objective = crossEntropyObjective } = options;
  const { name = `mim-${steps}`, stepSize = epsilon / steps } = options;
  if (!Object.hasOwn(norms, normName)) {
    throw new ReatError("config", `norm of attack ${name} must be linf or l2, got "${normName}".`);
  }
  requireBall(name, normName, epsilon);
  requireWhole(name, "steps", steps);
  for (const [what, value, least] of [
    ["stepSize", stepSize, "> 0"],
    ["decay", decay, "≥ 0"],
  ] as const) {
    const valid = Number.isFinite(value) && (least === "> 0" ? value > 0 : value >= 0);
    if (!valid) {
      throw new ReatError(
        "config",
        `${what} of attack ${name} must be a finite number ${least}, got ${value}.`,
      );
    }
  }
  const norm = norms[normName];

  return {
    name,
    followsGradients: true,
    perturb(model, images, labels) {
      requireImages(name, images, labels);
      return scope(() =>
        noGrad(() => {
          requireLogits(name, logitsPass(model, images), labels);
          const project = norm.projection(images, epsilon);
          let state: { point: Tensor; average: Tensor } = {
            point: images.clone(),
            average: zerosLike(images),
          };
          for (let step = 0; step < steps; step++) {
            state = advance(state, ({ point, average }) => {
              const { gradient } = gradientPass(model, point, labels, labels, objective);
              average.mul_(decay).add_(normalised(gradient, "l1"));
              point.addScaled_(norm.ascent(average), stepSize);
              project(point);
              return {};
            });
          }
          return state.point;
        }),
      );
    },
  };
}

/** `mim-<steps>`. */
export const momentumEntry = defineAttack({
  name: "mim",
  namesSteps: true,
  description: "steps along an average of normalised gradients",
  paper: "Dong et al., CVPR 2018, arXiv 1710.06081",
  norms: stepwiseNorms,
  schema: (norm) => z.strictObject(stepwiseOptions(norm)),
  build(options, { name, norm, epsilon }) {
    const own = { ...options, decay: 1 };
    return {
      constants: { algorithm: "mim", ...own },
      attack: momentumAttack({ ...own, name, norm: norm as NormName, epsilon }),
    };
  },
});
