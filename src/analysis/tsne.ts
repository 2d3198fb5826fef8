// Exact t-SNE on tensors: points in a plane whose neighbours are those that they have among the features.
import { setImmediate as nextTurn } from "node:timers/promises";
import { ReatError } from "../errors.js";
import { eye, Generator, keep, operator, operatorMany, randn, scope, type Tensor } from "../tensor/index.js";

/** Every pair of points is held several times over: 5,000 points take about 700 MB. */
export const mostPoints = 5000;

/** How far the map is. */
export interface TsneProgress {
  readonly done: number;
  readonly total: number;
}

/** How the map is made. */
export interface TsneOptions {
  /** Effective number of neighbours of a point, at least 1 and below the number of points. Default: {@link usualPerplexity}. */
  readonly perplexity?: number;
  /** Steps of gradient descent, the first quarter of them with early exaggeration. Default: 1000. */
  readonly iterations?: number;
  /** Start at random places drawn with this seed. Default: at the two principal components, which needs no chance. */
  readonly seed?: number;
  readonly onProgress?: ((progress: TsneProgress) => void) | undefined;
  /** Ends the work by throwing the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** The map. */
export interface TsneResult {
  /** A place [x, y] for each row of the features, in their order. */
  readonly points: readonly (readonly [number, number])[];
  /** KL(P ‖ Q) of the final map, in nats: 0 would keep every neighbourhood. */
  readonly divergence: number;
  readonly perplexity: number;
}

// Constants as published, and as scikit-learn has them.
const exaggeration = 12;
const momentums = { early: 0.5, late: 0.8 };
const smallestGain = 0.01;
const startSpread = 1e-4;
const searchSteps = 60;
/** So often other work gets a turn. */
const stepsInTurn = 10;

const reciprocal = operator("reciprocal_");
const addmm = operator("addmm");
const diagonal = operator("diagonal");
const eigh = operatorMany("linalg_eigh");

/** 30, or less where there are fewer than 91 points: a third of the others. */
export function usualPerplexity(points: number): number {
  return Math.max(1, Math.min(30, Math.floor((points - 1) / 3)));
}

/**
 * Exact t-SNE (van der Maaten and Hinton, JMLR 2008) with the gains, the two momentums and the early exaggeration of the
 * authors' program, and with scikit-learn's learning rate, max(N / 48, 50), and start. O(N²) a step.
 * @param features [N, D], N from 4 to {@link mostPoints}, finite; float32 or float64, on any device
 * @throws ReatError `config` for too few or too many points or an impossible perplexity, `numerics` for features that are
 * not finite; the signal's reason when it is aborted
 */
export async function tsne(features: Tensor, options: TsneOptions = {}): Promise<TsneResult> {
  const count = features.shape[0] ?? 0;
  const { perplexity = usualPerplexity(count), iterations = 1000, onProgress, signal } = options;
  requirePossible(features, perplexity, iterations);
  const early = Math.floor(iterations / 4);
  const rate = Math.max(count / exaggeration / 4, 50);
  const state = scope(() => {
    const joint = jointProbabilities(features.detach(), perplexity).to("float32");
    const start = options.seed === undefined ? principalStart(features) : randomStart(features, options.seed);
    return {
      joint: keep(joint),
      places: keep(start.to("float32").clone()),
      update: keep(start.to("float32").mul(0)),
      gains: keep(start.to("float32").mul(0).add(1)),
    };
  });
  try {
    const { joint, places } = state;
    scope(() => joint.mul_(exaggeration));
    for (let step = 0; step < iterations; step++) {
      if (step === early) scope(() => joint.div_(exaggeration));
      scope(() => move(state, rate, step < early ? momentums.early : momentums.late));
      if ((step + 1) % stepsInTurn !== 0) continue;
      onProgress?.({ done: step + 1, total: iterations });
      await nextTurn();
      signal?.throwIfAborted();
    }
    if (iterations <= early) scope(() => joint.div_(exaggeration));
    const flat = scope(() => places.toArray());
    return {
      points: Array.from({ length: count }, (_, i) => [flat[2 * i]!, flat[2 * i + 1]!] as const),
      divergence: scope(() => divergence(joint, places)),
      perplexity,
    };
  } finally {
    for (const tensor of Object.values(state)) tensor.dispose();
  }
}

/**
 * Checks, before any work, that so many points have a map.
 * @throws ReatError `config` for too few or too many points, or a perplexity that is not below their number
 */
export function requireMap(count: number, perplexity = usualPerplexity(count)): void {
  if (count < 4 || count > mostPoints) {
    throw new ReatError("config", `A map by t-SNE takes 4 to ${mostPoints} points; there are ${count}.`);
  }
  if (!(perplexity >= 1 && perplexity < count)) {
    throw new ReatError(
      "config",
      `The perplexity is ${perplexity}; with ${count} points it is at least 1 and below ${count}.`,
    );
  }
}

function requirePossible(features: Tensor, perplexity: number, iterations: number): void {
  const [count = 0, width = 0] = features.shape;
  if (features.shape.length !== 2 || width < 2) {
    throw new ReatError(
      "config",
      `A map by t-SNE takes features [N, D] with D of at least 2, not [${features.shape}].`,
    );
  }
  requireMap(count, perplexity);
  if (!(Number.isInteger(iterations) && iterations >= 1)) {
    throw new ReatError(
      "config",
      `The number of iterations is ${iterations}; it is a whole number of at least 1.`,
    );
  }
  if (!scope(() => Boolean(features.isFinite().all().item()))) {
    throw new ReatError(
      "numerics",
      "The features hold values that are not finite, so they have no distances.",
    );
  }
}

/** Squared Euclidean distances [N, N], at least 0. */
function squaredDistances(points: Tensor): Tensor {
  const squares = points.mul(points).sum(1, true);
  return addmm(squares.add(squares.t()), points, points.t(), 1, -2).clamp_(0, null);
}

/**
 * P [N, N], float64, symmetric, its sum 1: for each point the width of its Gaussian is searched by bisection, so that the
 * entropy of its neighbours is log(perplexity).
 */
function jointProbabilities(features: Tensor, perplexity: number): Tensor {
  const count = features.shape[0]!;
  const wide = features.to("float64");
  const self = eye(count, { dtype: "float64", device: features.device });
  // Its own distance must not count: it is set so far that its weight is 0 at any width.
  const distances = squaredDistances(wide.sub(wide.mean(0, true)));
  const others = distances.add(self.mul(Number.MAX_VALUE / 4));
  const nearest = others.amin(1, true);
  const [shifted, wanted] = [others.sub(nearest), Math.log(perplexity)];
  const typical = distances.mean().item();
  // All points in one place have neither near nor far neighbours.
  const beta = nearest.mul(0).add(typical > 0 ? 1 / typical : 1);
  const [low, high] = [beta.mul(0), beta.mul(0).add(Number.POSITIVE_INFINITY)];
  const weights = () => shifted.mul(beta.neg()).exp();
  for (let step = 0; step < searchSteps; step++) {
    scope(() => {
      const near = weights();
      const total = near.sum(1, true);
      const entropy = total.log().add(
        near
          .mul(shifted.clamp(null, Number.MAX_VALUE / 8))
          .sum(1, true)
          .div(total)
          .mul(beta),
      );
      const tooWide = entropy.gt(wanted);
      low.copy_(beta.where(tooWide, low));
      high.copy_(high.where(tooWide, beta));
      const middle = low.add(high).mul(0.5);
      beta.copy_(middle.where(high.isFinite(), beta.mul(2)));
    });
  }
  const near = weights();
  const conditional = near.div(near.sum(1, true));
  return conditional
    .add(conditional.t())
    .div(2 * count)
    .clamp(Number.EPSILON, null);
}

/** The two principal components, the first with a standard deviation of {@link startSpread}; signs are fixed. */
function principalStart(features: Tensor): Tensor {
  const wide = features.detach().to("float64");
  const centred = wide.sub(wide.mean(0, true));
  const [, vectors] = eigh(centred.t().mm(centred), "L") as [Tensor, Tensor];
  const width = wide.shape[1]!;
  const axes = vectors.slice(1, width - 2, width).flip([1]);
  const places = centred.mm(axes);
  const furthest = places.gather(0, places.abs().argmax(0, true));
  const signed = places.mul(furthest.sign());
  const spread = Math.sqrt(signed.select(1, 0).variance([0], { correction: 0 }).item());
  return signed.mul(startSpread / Math.max(spread, Number.MIN_VALUE * 2 ** 60));
}

function randomStart(features: Tensor, seed: number): Tensor {
  const generator = new Generator(seed);
  return randn([features.shape[0]!, 2], generator).mul(startSpread).to(features.device);
}

interface Moving {
  readonly joint: Tensor;
  readonly places: Tensor;
  readonly update: Tensor;
  readonly gains: Tensor;
}

/** 1 / (1 + distance²) [N, N] with zeros on the diagonal: Student's t with one degree of freedom. */
function closeness(places: Tensor): Tensor {
  const near = reciprocal(squaredDistances(places).add_(1));
  diagonal(near, 0, 0, 1).zero_();
  return near;
}

/** One step of gradient descent with momentum. */
function move({ joint, places, update, gains }: Moving, rate: number, momentum: number): void {
  const near = closeness(places);
  const total = near.sum().item();
  // (P − Q) · closeness, in the memory of Q.
  const pull = near
    .mul(-1 / total)
    .add_(joint)
    .mul_(near);
  const gradient = places.mul(pull.sum(1, true)).sub(pull.mm(places)).mul(4);
  const against = update.mul(gradient).lt(0);
  gains.copy_(gains.add(0.2).where(against, gains.mul(0.8))).clamp_(smallestGain, null);
  update.mul_(momentum).sub_(gains.mul(gradient).mul(rate));
  places.add_(update);
}

/** KL(P ‖ Q) in float64. */
function divergence(joint: Tensor, places: Tensor): number {
  const near = closeness(places.to("float64"));
  const share = near.div(near.sum()).clamp(Number.EPSILON, null);
  const wide = joint.to("float64");
  return wide.mul(wide.log().sub(share.log())).sum().item();
}
