// Carlini and Wagner's l2 attack (2017): the smallest perturbation by Adam, with a fixed or a searched weight of success.
import { z } from "zod";
import { ReatError } from "../errors.js";
import {
  enableGrad,
  fullLike,
  grad,
  noGrad,
  operator,
  scope,
  type Tensor,
  zerosLike,
} from "../tensor/index.js";
import type { Attack } from "./attack.js";
import { type AttackEntry, defineAttack } from "./attack-entry.js";
import { requireImages, requireLogits, requireWhole } from "./attack-input.js";
import type { Classifier } from "./classifier.js";
import { lengths, perSample } from "./geometry/index.js";
import { marginObjective } from "./objective.js";
import { inFastLayout, logitsPass } from "./passes.js";
import { advance, type State } from "./running-state.js";

/** Constants of Carlini and Wagner's l2 attack. */
export interface CarliniWagnerOptions {
  /** Default: "cw-l2". */
  readonly name?: string;
  /** Margin that a success must have, κ ≥ 0. Default: 0. */
  readonly confidence?: number;
  /** Weight of success against distance, c > 0: the fixed one, or the first of the search. Default: 1, searched: 0.001. */
  readonly weight?: number;
  /** Rounds of the search for the weight, as in the original (9); 1 keeps the fixed weight. Default: 1. */
  readonly searchRounds?: number;
  /** Adam steps in each round. Default: 50, searched: 1000. */
  readonly steps?: number;
  /** Of Adam. Default: 0.01. */
  readonly learningRate?: number;
  /** Count only perturbations of at most this l2 length. Default: all. */
  readonly epsilon?: number;
}

const atanh = operator("atanh");
/** Keeps the tanh's argument finite at white and black pixels. */
const inward = 0.999999;
const adam = { first: 0.9, second: 0.999, tiny: 1e-8 };
const largestWeight = 1e10;
/** A round of the original's length stops where a tenth of its steps brought less than this. */
const leastProgress = 1e-4;

interface Running extends State {
  w: Tensor;
  first: Tensor;
  second: Tensor;
  closest: Tensor;
  distance: Tensor;
  fooledNow: Tensor;
}

/**
 * Minimises ‖x′ − x‖₂² + c · max(z_y − max_{k≠y} z_k + κ, 0) with x′ = (tanh w + 1)/2. With `searchRounds` above 1, c grows
 * tenfold until an image is fooled and is then halved between the largest that failed and the smallest that did not.
 * Images that are not fooled come back unchanged.
 * @throws ReatError `config` when a constant is out of its range
 */
export function carliniWagner(options: CarliniWagnerOptions = {}): Attack {
  const { name = "cw-l2", confidence = 0, searchRounds = 1, learningRate = 0.01 } = options;
  const { epsilon = Number.POSITIVE_INFINITY } = options;
  const { weight = searchRounds > 1 ? 1e-3 : 1, steps = searchRounds > 1 ? 1000 : 50 } = options;
  requireWhole(name, "searchRounds", searchRounds);
  requireWhole(name, "steps", steps);
  const positive = { weight, learningRate, epsilon };
  for (const [what, value] of Object.entries(positive)) {
    if (!(value > 0))
      throw new ReatError("config", `${what} of attack ${name} must be a number > 0, got ${value}.`);
  }
  if (!(confidence >= 0)) {
    throw new ReatError("config", `confidence of attack ${name} must be a number ≥ 0, got ${confidence}.`);
  }

  /** One Adam run at the given weights; `closest` and `distance` hold the best of all rounds. */
  function round(
    model: Classifier,
    images: Tensor,
    labels: Tensor,
    c: Tensor,
    best: Pick<Running, "closest" | "distance">,
  ) {
    const origin = atanh(images.mul(2).sub_(1).mul_(inward));
    const noone = fullLike(labels, 0).ne(0);
    let state: Running = {
      ...{ w: origin, first: zerosLike(images), second: zerosLike(images) },
      ...{ closest: best.closest.clone(), distance: best.distance.clone(), fooledNow: noone },
    };
    let lastLoss = Number.POSITIVE_INFINITY;
    const checkEvery = Math.max(Math.floor(steps / 10), 1);
    for (let step = 1; step <= steps; step++) {
      let loss = 0;
      state = advance(state, (now) => {
        const w = now.w.detach().requiresGrad_();
        const [value, point, excess] = enableGrad(() => {
          const point = w.tanh().add(1).mul(0.5);
          const excess = marginObjective(model.logits(inFastLayout(point)), labels);
          const failure = excess.mul(-1).add(confidence).clamp(0, null).mul(c);
          const squared = point.sub(images).pow(2).sum([1, 2, 3]);
          return [squared.add(failure).sum(), point.detach(), excess.detach()] as const;
        });
        const gradient = grad(value, [w])[0]!;
        if (steps >= 100 && step % checkEvery === 0) loss = value.item();
        const distance = lengths(point.sub(images), "l2");
        const fooled = confidence > 0 ? excess.ge(confidence) : excess.gt(0);
        const closer = fooled.logicalAnd(distance.lt(now.distance)).logicalAnd(distance.le(epsilon));
        now.first.mul_(adam.first).addScaled_(gradient, 1 - adam.first);
        now.second.mul_(adam.second).addScaled_(gradient.mul(gradient), 1 - adam.second);
        const scale = learningRate / (1 - adam.first ** step);
        const spread = now.second
          .div(1 - adam.second ** step)
          .sqrt()
          .add_(adam.tiny);
        return {
          w: now.w.sub(now.first.div(spread).mul_(scale)),
          closest: point.where(perSample(closer, point), now.closest),
          distance: distance.where(closer, now.distance),
          fooledNow: now.fooledNow.logicalOr(fooled),
        };
      });
      if (loss > 0) {
        if (loss > lastLoss * (1 - leastProgress)) break;
        lastLoss = loss;
      }
    }
    return state;
  }

  return {
    name,
    perturb(model, images, labels) {
      requireImages(name, images, labels);
      return scope(() =>
        noGrad(() => {
          const clean = logitsPass(model, images);
          requireLogits(name, clean, labels);
          const distance = clean.amax(1).mul(0).add(Number.POSITIVE_INFINITY);
          let best = { closest: images.clone(), distance };
          let c = fullLike(clean.amax(1), weight);
          let [lowest, highest] = [zerosLike(c), fullLike(c, largestWeight)];
          for (let turn = 0; turn < searchRounds; turn++) {
            [best, c, lowest, highest] = scope(() => {
              const found = round(model, images, labels, c, best);
              const low = lowest.maximum(c).where(found.fooledNow.logicalNot(), lowest);
              const high = highest.minimum(c).where(found.fooledNow, highest);
              const known = high.lt(largestWeight);
              const next = low
                .add(high)
                .mul(0.5)
                .where(known, c.mul(10).where(found.fooledNow.logicalNot(), c));
              const { closest, distance } = found;
              return [{ closest, distance }, next, low, high] as const;
            });
          }
          // An image that is wrong from the start needs no perturbation.
          const wrong = clean.argmax(1).ne(labels);
          return images.where(perSample(wrong, images), best.closest);
        }),
      );
    },
  };
}

/** Carlini and Wagner's attack by name, with constants that are part of it. */
function smallestPerturbation(
  told: Pick<AttackEntry, "name" | "description">,
  fixed: Required<Pick<CarliniWagnerOptions, "searchRounds" | "steps" | "weight" | "learningRate">>,
): AttackEntry {
  return defineAttack({
    ...told,
    paper: "Carlini and Wagner, S&P 2017, arXiv 1608.04644",
    norms: ["l2"],
    schema: () => z.strictObject({}),
    build(_, { name, epsilon }) {
      const own = { confidence: 0, ...fixed };
      return {
        constants: { algorithm: "carlini-wagner", ...own },
        attack: carliniWagner({ name, epsilon, ...own }),
      };
    },
  });
}

/** `cw-l2`: the constants of the paper. */
export const cwL2Entry = smallestPerturbation(
  {
    name: "cw-l2",
    description: "the smallest l2 perturbation by Adam: 9 rounds of search for the weight, 1000 steps each",
  },
  { searchRounds: 9, steps: 1000, weight: 1e-3, learningRate: 0.01 },
);

/** `cw-l2-fixed`: one round at a fixed weight. */
export const cwL2FixedEntry = smallestPerturbation(
  {
    name: "cw-l2-fixed",
    description: "the smallest l2 perturbation by Adam: 50 steps at a fixed weight of 1",
  },
  { searchRounds: 1, steps: 50, weight: 1, learningRate: 0.01 },
);
