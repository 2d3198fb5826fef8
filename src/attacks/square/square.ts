// Square (Andriushchenko et al. 2020): a black-box attack that proposes random square-shaped changes and keeps those that help.
import { Generator, scope, type Tensor } from "../../tensor/index.js";
import { requireWhole } from "../attack-input.js";
import { type Classifier, searched } from "../classifier.js";
import { type BallName, requireBall } from "../geometry/index.js";
import { drawSeeds } from "../image-draws.js";
import { marginObjective } from "../objective.js";
import type { AttackObserver } from "../observer.js";
import { inFastLayout, logitsPass } from "../passes.js";
import { advance, allRows, count, isTimeToLook, select, where } from "../running-state.js";
import { type StandingAttack, standingAttack } from "../standing-attack.js";
import { bumpProposals } from "./bumps.js";
import { type Chance, type Proposals, type Searching, stripeProposals } from "./proposals.js";

/** Constants of Square; those left out are AutoAttack's standard ones. */
export interface SquareOptions {
  /** Default: "square". */
  readonly name?: string;
  readonly norm: BallName;
  /** Radius of the ball, > 0. */
  readonly epsilon: number;
  /** Queries to the model for each image and restart. Default: 5000. */
  readonly queries?: number;
  /** Default: 1. */
  readonly restarts?: number;
  /** Share of the image that the first squares cover, in (0, 1]. Default: 0.8. */
  readonly firstShare?: number;
  /** Shrink the squares as if the queries were 10,000, instead of by the query's number. Default: false. */
  readonly rescaledSchedule?: boolean;
  readonly observer?: AttackObserver;
}

/** Queries (of 10,000) after which the covered share is halved once more. */
const halvings = [10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000];

/** Share of the image that the square of query number `query` covers. */
export function squareShare(firstShare: number, query: number): number {
  return firstShare / 2 ** halvings.filter((after) => query > after).length;
}

/**
 * Square on standing images only: an image is done at its first success. The position and size of a proposal are shared
 * by the batch, as in AutoAttack, its signs are each image's own. Images that are not fooled come back unchanged.
 * @throws ReatError `config` when a constant is out of its range
 */
export function square(options: SquareOptions): StandingAttack {
  const { name = "square", norm, epsilon, queries = 5000, restarts = 1, observer } = options;
  const { firstShare = 0.8, rescaledSchedule = false } = options;
  requireBall(name, norm, epsilon);
  requireWhole(name, "queries", queries);
  requireWhole(name, "restarts", restarts);

  /** The margin of the true class over all others: positive while the image is classified correctly. */
  const marginOf = (model: Classifier, images: Tensor, labels: Tensor) =>
    scope(() => marginObjective(logitsPass(model, images), labels).mul(-1));

  function run(
    model: Classifier,
    images: Tensor,
    labels: Tensor,
    chance: Chance,
    told: (query: number, standing: number) => void,
  ): { best: Tensor; margin: Tensor } {
    const [, , height, width] = images.shape as [number, number, number, number];
    using proposals: Proposals =
      norm === "linf"
        ? stripeProposals(images, epsilon, chance)
        : bumpProposals(images, norm, epsilon, chance);
    const search = searched(model);
    const first = inFastLayout(proposals.first());
    let state: Searching = {
      ...{ rows: allRows(images), images: images.clone(), labels: labels.clone(), best: first },
      margin: marginOf(search, first, labels),
    };
    const result = { best: first.clone(), margin: state.margin.clone() };
    const settle = () =>
      scope(() => {
        result.best.indexCopy_(0, state.rows, state.best);
        result.margin.indexCopy_(0, state.rows, state.margin);
      });
    /** Puts the plain network's margins in the place of those that only the fast one puts below zero. */
    const confirm = () => {
      if (!model.fastLogits) return;
      state = advance(state, (now) => {
        const rows = where(now.margin.le(0));
        const label = now.labels.indexSelect(0, rows);
        const margin = marginOf(model, now.best.indexSelect(0, rows), label);
        const refused = count(margin.gt(0));
        if (refused > 0) observer?.unconfirmed?.(refused);
        return { margin: now.margin.clone().indexCopy_(0, rows, margin) };
      });
    };
    const dropFooled = () => {
      if (count(state.margin.le(0)) === 0) return;
      confirm();
      const open = scope(() => where(state.margin.gt(0)));
      if (open.shape[0]! < state.rows.shape[0]!) {
        settle();
        state = select(state, open);
        // Selecting loses the memory layout; the search keeps images in the layout that the model takes.
        state = advance(state, (now) => ({ best: inFastLayout(now.best), images: inFastLayout(now.images) }));
      }
      open.dispose();
    };

    dropFooled();
    for (let query = 1; query < queries && state.rows.shape[0]! > 0; query++) {
      const place = rescaledSchedule ? Math.trunc((query / queries) * 10_000) : query;
      const side = Math.round(Math.sqrt(squareShare(firstShare, place) * height * width));
      state = advance(state, (now) =>
        proposals.improve(now, side, (candidate, label) => marginOf(search, candidate, label)),
      );
      if (isTimeToLook(query, images)) dropFooled();
      told(query, state.rows.shape[0]!);
    }
    if (state.rows.shape[0]! > 0) settle();
    return result;
  }

  return standingAttack({
    ...{ name, observer, steps: queries },
    turns: () => restarts,
    begin(generator, device) {
      // Places do not depend on how long other images of the batch stood.
      const placeSeeds = drawSeeds(restarts, generator);
      return ({ model, images, labels, turn, draws, told }) => {
        const chance = { places: new Generator(placeSeeds[turn]!, device), draws };
        const found = run(model, images, labels, chance, told);
        return { fooled: found.margin.le(0), examples: found.best };
      };
    },
  });
}
