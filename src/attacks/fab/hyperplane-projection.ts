// The nearest point of a hyperplane inside [0, 1]^D, in l∞, l2 and l1: the geometric step of FAB (Croce and Hein 2020, appendix).
import { scope, type Tensor, zerosLike } from "../../tensor/index.js";
import { type BallName, perSample, sampleDims } from "../geometry/index.js";

/** Below this a pixel's weight counts as none (AutoAttack's value, for l2 and l1). */
const negligible = 1e-8;

/**
 * The smallest change d, in the norm, with ⟨w, point + d⟩ on the hyperplane and point + d in [0, 1]; where the hyperplane
 * does not meet the box, the change that comes closest to it.
 * @param excess ⟨w, point⟩ − b, [N]: what the change has to take away
 */
export function projectOnHyperplane(point: Tensor, w: Tensor, excess: Tensor, ball: BallName): Tensor {
  const side = perSample(excess.sign(), point);
  // The direction that brings each pixel nearer to the plane, and how far the box lets it go.
  const way = w.sign().mul_(side).mul_(-1);
  let weight = w.abs();
  if (ball !== "linf") weight = weight.mul(weight.gt(negligible).to(weight.dtype));
  const room = point.where(way.lt(0), point.mul(-1).add_(1)).mul_(weight.ne(0).to(point.dtype));
  const wanted = excess.abs();
  return (ball === "l1" ? heaviestFirst(weight, room, wanted) : together(weight, room, wanted, ball)).mul_(
    way,
  );
}

/**
 * l∞: every pixel moves by min(λ, room); l2: by min(λ·weight, room). What that takes away is concave and piecewise linear
 * in λ, so Newton's steps from λ = 0 never overshoot and reach the solution exactly once they are on its piece.
 */
function together(weight: Tensor, room: Tensor, wanted: Tensor, ball: "linf" | "l2"): Tensor {
  const dims = sampleDims(weight);
  const target = perSample(wanted, weight);
  const rate = ball === "l2" ? weight.mul(weight) : weight;
  // λ at which each pixel reaches the end of its room.
  const full = ball === "l2" ? room.div(weight.clamp(negligible, null)) : room;
  const most = weight.mul(room);
  let lambda = zerosLike(target);
  for (let step = 0; step < largestNumberOfPieces; step++) {
    const kept = scope(() => {
      const free = full.gt(lambda).to(weight.dtype);
      const speed = rate.mul(free).sum(dims, true);
      const spent = most.sub(free.mul_(most)).sum(dims, true);
      // On this piece λ solves spent + λ · speed = wanted; where nothing is free any more, the box ends the way.
      const next = target.sub(spent).div_(speed.clamp(1e-30, null)).maximum(lambda);
      return lambda.where(speed.le(0), next);
    });
    const solved = step > 0 && !scope(() => kept.gt(lambda).any().item());
    lambda.dispose();
    lambda = kept;
    if (solved) break;
  }
  return (ball === "l2" ? weight.mul(lambda) : lambda.expand(weight.shape)).minimum(room);
}

/** Newton's method passes at least one place where a pixel ends each step; in practice it needs fewer than ten. */
const largestNumberOfPieces = 100;

/** l1: the pixels of the largest weight go all their way, the last one as far as is needed. */
function heaviestFirst(weight: Tensor, room: Tensor, wanted: Tensor): Tensor {
  const [w, r] = [weight.flatten(1), room.flatten(1)];
  const { values, indices } = w.sort(1, true);
  const rooms = r.gather(1, indices);
  const before = values.mul(rooms).cumsum(1).sub_(values.mul(rooms));
  const left = wanted.unsqueeze(1).sub(before).clamp_(0, null);
  const moves = left.div_(values.clamp(negligible, null)).minimum(rooms);
  const order = indices.sort(1).indices;
  return moves.gather(1, order).reshape(weight.shape);
}
