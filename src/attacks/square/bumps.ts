// Square's proposals for l2 and l1: bumps whose mass is moved from one window of the perturbation to another.
import { scope, type Tensor, tensor, zerosLike } from "../../tensor/index.js";
import { lengths, normalised, projectOnL1Ball } from "../geometry/index.js";
import { SignStream } from "../image-draws.js";
import { acceptance, type Chance, drawPlace, type Proposals } from "./proposals.js";

type BumpBall = "l2" | "l1";

/** Leaves room for rounding inside the l1 ball. */
const justBelow = 1 - 1e-6;
const tiny = 1e-12;

function scaled(values: Float32Array, ball: BumpBall): Float32Array {
  const total = values.reduce((sum, v) => sum + (ball === "l2" ? v * v : Math.abs(v)), 0);
  const length = ball === "l2" ? Math.sqrt(total) : total;
  return values.map((v) => v / length);
}

/** A pyramid of `rows` × `columns` that falls off with the squared distance from its middle, of length 1. */
function pyramid(rows: number, columns: number, ball: BumpBall): Float32Array {
  const values = new Float32Array(rows * columns);
  const [middleRow, middleColumn] = [Math.floor(rows / 2), Math.floor(columns / 2)];
  for (let ring = 0; ring <= Math.max(middleRow, middleColumn); ring++) {
    const [top, left] = [middleRow - ring, middleColumn - ring];
    for (let row = Math.max(top, 0); row < Math.min(top + 2 * ring + 1, rows); row++) {
      for (let column = Math.max(left, 0); column < Math.min(left + 2 * ring + 1, columns); column++) {
        values[row * columns + column]! += 1 / (ring + 1) ** 2;
      }
    }
  }
  return scaled(values, ball);
}

/** A bump of length 1: its upper half a positive pyramid, its lower half a negative one. Row by row, [side · side]. */
export function bump(side: number, ball: BumpBall): Float32Array {
  const half = Math.floor(side / 2);
  const values = new Float32Array(side * side);
  values.set(pyramid(half, side, ball));
  values.set(
    pyramid(side - half, side, ball).map((v) => -v),
    half * side,
  );
  return scaled(values, ball);
}

export function bumpProposals(
  images: Tensor,
  ball: BumpBall,
  epsilon: number,
  { places, draws }: Chance,
): Proposals {
  const signs = new SignStream(draws, images.shape[1]!, images.dtype);
  const [, channels, height, width] = images.shape as [number, number, number, number];

  /** A bump lying or standing, by chance, [1,1,side,side]. */
  const drawBump = (side: number): Tensor => {
    const shape = tensor(bump(side, ball), { shape: [1, 1, side, side], device: images.device }).to(
      images.dtype,
    );
    return drawPlace(2, places) === 1 ? shape.transpose(2, 3) : shape;
  };
  const inBall = (image: Tensor, delta: Tensor): Tensor =>
    ball === "l2"
      ? normalised(delta, "l2").mul_(epsilon).add_(image).clamp_(0, 1)
      : projectOnL1Ball(image, delta, epsilon * justBelow)
          .add_(image)
          .clamp_(0, 1);
  const windowLength = (window: Tensor): Tensor => window.norm(ball === "l2" ? 2 : 1, [2, 3], true);

  return {
    [Symbol.dispose]: () => signs[Symbol.dispose](),

    first() {
      const delta = zerosLike(images);
      const side = Math.floor(height / 5);
      const margin = Math.floor((height - side * 5) / 2);
      for (let row = 0; row < 5; row++) {
        for (let column = 0; column < Math.floor((width - margin) / side); column++) {
          scope(() => {
            const own = draws.signs([channels, 1, 1], images.dtype);
            const [top, left] = [margin + row * side, margin + column * side];
            delta
              .slice(2, top, top + side)
              .slice(3, left, left + side)
              .add_(drawBump(side).mul(own));
          });
        }
      }
      return inBall(images, delta);
    },

    // Two windows lose what they hold; one gets a bump of that budget plus what is left of the ball's.
    improve(now, wantedSide, marginOf) {
      const least = Math.max(wantedSide, 3);
      const side = least % 2 === 0 ? least + 1 : least;
      const window = () => {
        const [top, left] = [drawPlace(height - side, places), drawPlace(width - side, places)];
        return (of: Tensor) => of.slice(2, top, top + side).slice(3, left, left + side);
      };
      const [to, from] = [window(), window()];
      const delta = now.best.sub(now.images);
      const used = lengths(delta, ball, true);
      const outside = delta.clone();
      to(outside).zero_();
      from(outside).zero_();
      const inWindows = delta.sub(outside);
      const freed = lengths(inWindows, ball, true);

      const old = to(delta).div(windowLength(to(delta)).add_(tiny));
      const shape = drawBump(side).mul(signs.next(now.rows)).add_(old);
      const unit = shape.div(windowLength(shape).add_(tiny));
      const power = ball === "l2" ? 2 : 1;
      const unused = used
        .pow(power)
        .mul_(-1)
        .add_(epsilon ** power)
        .clamp_(0, null);
      const budget = unused
        .div_(channels)
        .add_(freed.pow(power))
        .pow(1 / power);
      to(outside).copy_(unit.mul_(budget));

      const candidate = inBall(now.images, outside);
      const { better, margin } = acceptance(marginOf(candidate, now.labels), now);
      return { margin, best: candidate.where(better, now.best) };
    },
  };
}
