// The two exact projections against bisection in float64, and against the sets they project on.
import { describe, expect, it } from "vitest";
import { projectOnHyperplane } from "../../src/attacks/fab/hyperplane-projection.js";
import { lengths } from "../../src/attacks/geometry/ball.js";
import { projectOnL1Ball } from "../../src/attacks/geometry/l1-projection.js";
import { Generator, rand, randn, type Tensor, tensor } from "../../src/tensor/index.js";

const shape = [6, 3, 4, 4];
const pixels = 48;

function rowsOf(t: Tensor): number[][] {
  const all = t.toArray();
  return Array.from({ length: t.shape[0]! }, (_, i) => all.slice(i * pixels, (i + 1) * pixels));
}

/** Where an increasing function of one number reaches `wanted`. */
function bisect(f: (x: number) => number, wanted: number, high: number): number {
  let [low, up] = [0, high];
  for (let i = 0; i < 200; i++) {
    const middle = (low + up) / 2;
    if (f(middle) < wanted) low = middle;
    else up = middle;
  }
  return up;
}

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

describe("the l1 ball inside [0, 1]", () => {
  it.each([0.5, 3, 40])("is the nearest point for radius %d", (epsilon) => {
    const generator = new Generator(3);
    const images = rand(shape, generator);
    const wish = randn(shape, generator);
    const found = rowsOf(projectOnL1Ball(images, wish, epsilon));
    const [x, p] = [rowsOf(images), rowsOf(wish)];
    for (let i = 0; i < found.length; i++) {
      const room = x[i]!.map((value, k) => (p[i]![k]! > 0 ? 1 - value : value));
      const at = (lambda: number) =>
        p[i]!.map((value, k) => Math.min(Math.max(Math.abs(value) - lambda, 0), room[k]!));
      const inside = sum(at(0)) <= epsilon;
      const lambda = inside ? 0 : bisect((l) => -sum(at(l)), -epsilon, 10);
      const expected = at(lambda).map((value, k) => value * Math.sign(p[i]![k]!));
      const error = Math.max(...expected.map((value, k) => Math.abs(value - found[i]![k]!)));
      expect(error).toBeLessThan(1e-5);
      expect(sum(found[i]!.map(Math.abs))).toBeLessThanOrEqual(epsilon * (1 + 1e-6));
    }
  });

  it("leaves a point that is inside where it is", () => {
    const generator = new Generator(4);
    const images = rand(shape, generator).mul(0.5).add(0.25);
    const small = randn(shape, generator).mul(1e-3);
    expect(projectOnL1Ball(images, small, 5).sub(small).abs().amax().item()).toBeLessThan(1e-9);
  });
});

describe("a hyperplane inside [0, 1]", () => {
  const generator = new Generator(5);
  const point = rand(shape, generator);
  const w = randn(shape, generator);
  // Two that need little, two that need much, two that the box cannot give.
  const scaled = [0.2, -1, 4, -12, 100, -200];
  const wanted = tensor(scaled);

  it.each(["linf", "l2", "l1"] as const)("is the smallest change in %s", (ball) => {
    const change = projectOnHyperplane(point, w, wanted, ball);
    const [d, x, weights] = [rowsOf(change), rowsOf(point), rowsOf(w)];
    for (let i = 0; i < d.length; i++) {
      const target = Math.abs(scaled[i]!);
      const way = weights[i]!.map((value) => -Math.sign(value) * Math.sign(scaled[i]!));
      const room = x[i]!.map((value, k) => (way[k]! > 0 ? 1 - value : value));
      const size = weights[i]!.map(Math.abs);
      const gain = (moves: readonly number[]) => sum(moves.map((value, k) => value * size[k]!));
      const reachable = gain(room);
      const moves = (lambda: number) => {
        if (ball === "linf") return room.map((value) => Math.min(lambda, value));
        if (ball === "l2") return room.map((value, k) => Math.min(lambda * size[k]!, value));
        const order = size.map((_, k) => k).sort((a, b) => size[b]! - size[a]!);
        let left = lambda;
        const all = room.map(() => 0);
        for (const k of order) {
          all[k] = Math.min(left / size[k]!, room[k]!);
          left -= all[k]! * size[k]!;
        }
        return all;
      };
      const expected =
        target >= reachable
          ? room
          : ball === "l1"
            ? moves(target)
            : moves(bisect((lambda) => gain(moves(lambda)), target, 1e4));
      const error = Math.max(...expected.map((value, k) => Math.abs(value * way[k]! - d[i]![k]!)));
      expect(error, `sample ${i}`).toBeLessThan(2e-5);
      const reached = sum(d[i]!.map((value, k) => value * weights[i]![k]!)) + scaled[i]!;
      if (target < reachable) expect(Math.abs(reached)).toBeLessThan(1e-3);
      else expect(Math.abs(reached)).toBeCloseTo(target - reachable, 2);
    }
    expect(change.add(point).amin().item()).toBeGreaterThanOrEqual(-1e-6);
    expect(change.add(point).amax().item()).toBeLessThanOrEqual(1 + 1e-6);
  });

  it("moves nothing where nothing has weight", () => {
    const none = projectOnHyperplane(point, w.mul(0), wanted, "l2");
    expect(lengths(none, "linf").toArray()).toEqual([0, 0, 0, 0, 0, 0]);
  });
});
