// Square's proposals for l∞: stripes at first, then squares of one colour at the ends of the allowed interval.
import { type Generator, randint, scope, type Tensor } from "../../tensor/index.js";
import { perSample } from "../geometry/index.js";
import { type ImageDraws, SignStream } from "../image-draws.js";
import type { State } from "../running-state.js";

/** The search's state of each sample: the best point so far and the margin there. */
export interface Searching extends State {
  rows: Tensor;
  images: Tensor;
  labels: Tensor;
  best: Tensor;
  margin: Tensor;
}

/** Random numbers of a search: places are the batch's, signs each image's own. */
export interface Chance {
  readonly places: Generator;
  readonly draws: ImageDraws;
}

/** How candidates are made; `improve` returns what of the state changes. Owns tensors: dispose it. */
export interface Proposals extends Disposable {
  first(): Tensor;
  improve(
    state: Searching,
    side: number,
    marginOf: (candidate: Tensor, labels: Tensor) => Tensor,
  ): Partial<Searching>;
}

/** A whole number from 0 to `below` − 1 (0 where `below` is 0), from the attack's own stream. */
export function drawPlace(below: number, generator: Generator): number {
  return below > 0 ? scope(() => randint(0, below, [1], generator).item()) : 0;
}

/** Where the margin fell, or the sample is fooled: the candidate is taken. */
export function acceptance(margin: Tensor, now: Searching) {
  const better = margin.lt(now.margin).logicalOr(margin.le(0));
  return { better: perSample(better, now.images), margin: margin.where(better, now.margin) };
}

export function stripeProposals(images: Tensor, epsilon: number, { places, draws }: Chance): Proposals {
  const [, channels, height, width] = images.shape as [number, number, number, number];
  const signs = new SignStream(draws, channels, images.dtype);
  return {
    [Symbol.dispose]: () => signs[Symbol.dispose](),

    first: () => draws.signs([channels, 1, width], images.dtype).mul_(epsilon).add(images).clamp_(0, 1),

    // The square is written into the best point itself and taken back where it did not help: no image is copied.
    improve(now, wantedSide, marginOf) {
      const side = Math.max(wantedSide, 1);
      const [top, left] = [drawPlace(height - side, places), drawPlace(width - side, places)];
      const window = (of: Tensor) => of.slice(2, top, top + side).slice(3, left, left + side);
      const [place, image] = [window(now.best), window(now.images)];
      const before = place.clone();
      const colour = signs.next(now.rows).mul_(2 * epsilon);
      const after = before.add(colour).clampTo_(image.sub(epsilon), image.add(epsilon)).clamp_(0, 1);
      place.copy_(after);
      const { better, margin } = acceptance(marginOf(now.best, now.labels), now);
      place.copy_(after.where(better, before));
      return { margin };
    },
  };
}
