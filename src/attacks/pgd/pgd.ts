// Projected gradient ascent on an attack objective (Madry et al. 2018), for any norm.
import { z } from "zod";
import { ReatError } from "../../errors.js";
import {
  type Device,
  enableGrad,
  type Generator,
  grad,
  noGrad,
  scope,
  stack,
  type Tensor,
  zeros,
} from "../../tensor/index.js";
import type { Attack } from "../attack.js";
import { type AttackEntry, defineAttack, stepwiseNorms } from "../attack-entry.js";
import type { Classifier } from "../classifier.js";
import {
  type NormName,
  norms,
  perSample,
  type StartNoise,
  type StartNoiseName,
  startNoise,
  startNoiseNames,
} from "../geometry/index.js";
import {
  type AttackObjective,
  crossEntropyObjective,
  marginObjective,
  withLogitScale,
} from "../objective.js";
import { stepwiseOptions } from "./stepwise-options.js";

/** Constants of a PGD attack; pixels are in [0, 1], so 8/255 is `8 / 255`. */
export interface PgdOptions {
  /** Default: "pgd-" and the number of steps. */
  readonly name?: string;
  readonly norm: NormName;
  /** Radius of the ball: in [0, 1] for l∞, ≥ 0 for l2. */
  readonly epsilon: number;
  /** Length of a step in the norm, > 0. */
  readonly stepSize: number;
  /** Integer ≥ 1. */
  readonly steps: number;
  /** Added to the image before the first step. Default: "uniform". */
  readonly start?: StartNoiseName | StartNoise;
  /** Move the starting point into the ball and [0, 1] before its gradient is taken. Default: false. */
  readonly clampStart?: boolean;
  /** What a point is moved into after each step: the ball and [0, 1], or only [0, 1] ("image", as in N-FGSM). Default: "ball". */
  readonly projection?: ProjectionName;
  /** Default: cross entropy. */
  readonly objective?: AttackObjective;
  /** Attempts from fresh noise; each sample keeps the one with its highest objective. Integer ≥ 1, default: 1. */
  readonly restarts?: number;
  /**
   * On which devices images and objective are checked after the attack. The check reads values back, for which the program waits for a GPU.
   * Unchecked, images outside [0, 1] are moved into it, and NaN spreads to whatever is computed from the examples.
   * Default: on all.
   */
  readonly checked?: (device: Device) => boolean;
}

function requireValid(options: PgdOptions): void {
  const { norm, epsilon, stepSize, steps, start = "uniform", restarts = 1, projection = "ball" } = options;
  const problem = (what: string, accepted: string, got: unknown) =>
    new ReatError("config", `PGD's ${what} must be ${accepted}, got ${JSON.stringify(got)}.`);
  if (!Object.hasOwn(norms, norm)) throw problem("norm", Object.keys(norms).join(" or "), norm);
  const { largestEpsilon } = norms[norm];
  if (!(epsilon >= 0 && epsilon <= largestEpsilon)) {
    const upTo = largestEpsilon === 1 ? "from 0 to 1 (8/255 is 8 of 255 grey levels)" : "a finite number ≥ 0";
    throw problem(`epsilon for ${norm}`, upTo, epsilon);
  }
  if (!(stepSize > 0 && Number.isFinite(stepSize)))
    throw problem("stepSize", "a finite number > 0", stepSize);
  if (!(Number.isInteger(steps) && steps >= 1)) throw problem("steps", "an integer ≥ 1", steps);
  if (!(Number.isInteger(restarts) && restarts >= 1)) throw problem("restarts", "an integer ≥ 1", restarts);
  if (!projectionNames.includes(projection))
    throw problem("projection", projectionNames.join(" or "), projection);
  if (projection === "image" && steps > 1) throw problem("steps", "1 with projection image", steps);
  if (restarts > 1 && start === "none") throw problem("restarts", '1 with start "none"', restarts);
}

/** What a point is moved into after each step. */
export const projectionNames = ["ball", "image"] as const;
/** One of {@link projectionNames}. */
export type ProjectionName = (typeof projectionNames)[number];

/** Shares of an attack's constants, [N] each, at least 0: one budget for each sample. */
export interface SampleBudget {
  /** Of epsilon, and with it of noise over the ball. */
  readonly epsilon: Tensor;
  /** Of the step size; null for the whole step. */
  readonly stepSize: Tensor | null;
}

/** Second labels of images that are mixtures of two. */
export interface MixedLabels {
  /** int64 [N] */
  readonly labels: Tensor;
  /** Share λ of the first labels: a single number [] for the batch, in the images' dtype; the second ones have 1 − λ. */
  readonly share: Tensor;
}

/** PGD, whose budget may differ from sample to sample. */
export interface PgdAttack extends Attack {
  /**
   * As every attack's, from [N, channels, height, width] in [0, 1] to the same shape.
   * @param budget absent, all samples have the whole budget
   * @param mixed what is maximised is then λ·objective(labels) + (1 − λ)·objective(second labels)
   */
  perturb(
    model: Classifier,
    images: Tensor,
    labels: Tensor,
    generator: Generator,
    budget?: SampleBudget | null,
    mixed?: MixedLabels | null,
  ): Tensor;
}

/**
 * x⁰ = x + noise; x^{t+1} = project(x^t + stepSize · ascent(∇ₓ objective)), projected on the ball, then on [0, 1].
 * Only the gradient of the images is computed, never that of the weights.
 * @throws ReatError `config` when a constant is out of its range
 */
export function pgd(options: PgdOptions): PgdAttack {
  requireValid(options);
  const { epsilon, stepSize, steps, start = "uniform", clampStart = false, restarts = 1 } = options;
  const { projection = "ball" } = options;
  const { name = `pgd-${steps}`, objective = crossEntropyObjective, checked = () => true } = options;
  const norm = norms[options.norm];
  // Refuses an impossible start now; the noise itself follows the budget of each call.
  startNoise(start, norm, epsilon);

  function mixedObjective(logits: Tensor, labels: Tensor, mixed: MixedLabels | null): Tensor {
    const first = objective(logits, labels);
    if (!mixed) return first;
    const rest = mixed.share.neg().add(1);
    return first.mul(mixed.share).add(objective(logits, mixed.labels).mul(rest));
  }

  function gradientOf(
    model: Classifier,
    point: Tensor,
    labels: Tensor,
    mixed: MixedLabels | null,
    total: Tensor,
  ): Tensor {
    return scope(() => {
      const images = point.detach().requiresGrad_();
      const value = enableGrad(() => mixedObjective(model.logits(images), labels, mixed).sum());
      total.add_(value.detach());
      return grad(value, [images])[0];
    });
  }

  return {
    name,
    followsGradients: true,
    perturb(model, images, labels, generator, budget = null, mixed = null) {
      return scope(() =>
        noGrad(() => {
          const shared = (value: number, shares: Tensor | null | undefined) =>
            shares ? perSample(shares.to(images.dtype), images).mul(value) : value;
          const radius = shared(epsilon, budget?.epsilon);
          const length = shared(stepSize, budget?.stepSize);
          const noise = startNoise(start, norm, radius);
          const total = zeros([], { device: images.device, dtype: "float64" });
          const project =
            projection === "ball"
              ? norm.projection(images, radius)
              : (point: Tensor) => void point.clamp_(0, 1);

          const attempt = (): Tensor => {
            const point = noise ? images.add(noise(images, generator)) : images.clone();
            if (clampStart) project(point);
            for (let step = 0; step < steps; step++) {
              scope(() => {
                const gradient = gradientOf(model, point, labels, mixed, total);
                const direction = norm.ascent(gradient);
                if (typeof length === "number") point.addScaled_(direction, length);
                else point.add_(direction.mul_(length));
                project(point);
              });
            }
            return point;
          };

          const best = scope(attempt);
          if (restarts > 1) {
            const value = (point: Tensor) => scope(() => mixedObjective(model.logits(point), labels, mixed));
            let bestValue = value(best);
            for (let restart = 1; restart < restarts; restart++) {
              const point = scope(attempt);
              const pointValue = value(point);
              const better = pointValue.gt(bestValue).reshape([-1, ...images.shape.slice(1).map(() => 1)]);
              best.copy_(point.where(better, best));
              bestValue = pointValue.maximum(bestValue);
            }
          }
          if (checked(images.device)) requireSound(name, images, total);
          return best;
        }),
      );
    },
  };
}

/** Checked once, after the attack: a check in each step would wait for the device each time. */
function requireSound(name: string, images: Tensor, total: Tensor): void {
  const facts = [images.amin(), images.amax(), total].map((fact) => fact.to("float64"));
  const [lowest, highest, sum] = stack(facts).toArray();
  if (!(lowest >= 0 && highest <= 1)) {
    throw new ReatError(
      "data",
      `Attack ${name} takes images in [0, 1], got values from ${lowest} to ${highest}.`,
    );
  }
  if (!Number.isFinite(sum)) {
    throw new ReatError(
      "numerics",
      `Attack ${name} needs finite logits, but its objective became ${sum}: the model's weights or logits hold NaN or infinity.`,
    );
  }
}

/** PGD by name: its start is moved into [0, 1], so that the model only sees images. */
function projectedAttack(
  told: Pick<AttackEntry, "name" | "description" | "paper">,
  objectiveName: "ce" | "margin",
  base: AttackObjective,
): AttackEntry {
  return defineAttack({
    ...told,
    namesSteps: true,
    norms: stepwiseNorms,
    scalesLogits: true,
    schema: (norm) =>
      z.strictObject({
        ...stepwiseOptions(norm),
        start: z.enum(startNoiseNames).default("uniform").meta({ help: "noise added before the first step" }),
        restarts: z.int().min(1).default(1).meta({ help: "attempts; each image keeps its strongest" }),
      }),
    build(options, { name, norm, epsilon, logitScale }) {
      const objective = logitScale === 1 ? base : withLogitScale(base, logitScale);
      const budget = { name, norm: norm as NormName, epsilon };
      return {
        constants: { algorithm: "pgd", objective: objectiveName, ...options },
        attack: pgd({ ...options, ...budget, objective, clampStart: true }),
      };
    },
  });
}

/** `pgd-<steps>`: on the cross entropy. */
export const pgdEntry = projectedAttack(
  {
    name: "pgd",
    description: "projected gradient ascent on the cross entropy",
    paper: "Madry et al., ICLR 2018, arXiv 1706.06083",
  },
  "ce",
  crossEntropyObjective,
);

/** `cw-<steps>`: on Carlini and Wagner's margin. */
export const cwEntry = projectedAttack(
  {
    name: "cw",
    description: "projected gradient ascent on Carlini and Wagner's margin",
    paper: "Carlini and Wagner, S&P 2017, arXiv 1608.04644, in the form of Madry et al.",
  },
  "margin",
  marginObjective,
);
