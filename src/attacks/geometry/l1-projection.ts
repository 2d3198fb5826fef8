// The exact projection on the part of an l1 ball that lies in [0, 1] (Croce and Hein 2021, "Mind the box").
import { cat, onesLike, type Tensor } from "../../tensor/index.js";

/**
 * The perturbation closest to `perturbation` (in Euclidean distance) with l1 length ≤ epsilon and images + it in [0, 1].
 *
 * It is sign(p) · clip(|p| − λ, 0, room), where room is the way to the end of [0, 1] and λ ≥ 0 the one number per sample
 * that makes the length epsilon. Seen from large λ downwards the length is piecewise linear: pixel i begins to add to it
 * at λ = |pᵢ| and stops at |pᵢ| − roomᵢ, so one sort of these 2·D places finds λ.
 */
export function projectOnL1Ball(images: Tensor, perturbation: Tensor, epsilon: number): Tensor {
  const p = perturbation.flatten(1);
  const x = images.flatten(1);
  const size = p.abs();
  const room = x.mul(-1).add_(1).where(p.gt(0), x).clamp_(0, null);
  const capped = size.minimum(room);

  const starts = size;
  const ends = size.sub(capped);
  const { values: places, indices } = cat([starts, ends], 1).sort(1, true);
  const slope = onesLike(places).sub_(indices.ge(p.shape[1]!).to(places.dtype).mul_(2)).cumsum(1);
  const gaps = places.slice(1, 0, -1).sub(places.slice(1, 1, Number.MAX_SAFE_INTEGER));
  const lengthAt = gaps.mul_(slope.slice(1, 0, -1)).cumsum(1);

  // lengthAt[k] is the length at places[k + 1]; the wanted λ lies just above the first place that reaches epsilon.
  const before = lengthAt
    .lt(epsilon)
    .to("int64")
    .sum(1, true)
    .clamp_(0, gaps.shape[1]! - 1);
  const above = places.gather(1, before);
  const lengthAbove = lengthAt.gather(1, before.sub(1).clamp_(0, null)).mul_(before.gt(0).to(places.dtype));
  const rate = slope.gather(1, before).clamp_(1, null);
  const lambda = above.sub(lengthAbove.mul(-1).add_(epsilon).div_(rate)).clamp_(0, null);

  const outside = capped.sum(1, true).gt(epsilon);
  const length = size.sub(lambda).clamp_(0, null).minimum(room).where(outside, capped);
  // Rounding in the sums above must not leave a point outside; shrinking keeps it in [0, 1].
  const shrink = length.sum(1, true).clamp_(epsilon, null).reciprocal().mul_(epsilon);
  return p.sign().mul_(length).mul_(shrink).reshape(images.shape);
}
