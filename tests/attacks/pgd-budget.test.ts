// PGD with a budget of its own for each sample: nothing, a part, the whole, more.
import { expect, it } from "vitest";
import { pgd, type StartNoiseName } from "../../src/attacks/index.js";
import { equal, Generator, liveTensors, rand, scope, tensor } from "../../src/tensor/index.js";
import { tinyClassifier } from "./models.js";

const images = rand([4, 3, 6, 6], new Generator(1)).mul(0.2).add(0.4);
const labels = tensor([0, 1, 2, 0], { dtype: "int64" });
const model = tinyClassifier(2);
const shares = [0, 0.5, 1, 1.5];
const budgets = { linf: { epsilon: 0.1, stepSize: 0.04 }, l2: { epsilon: 0.6, stepSize: 0.25 } };

const cases = (["linf", "l2"] as const).flatMap((norm) =>
  (["none", "uniform"] as StartNoiseName[]).map((start) => ({ norm, start })),
);

it.each(cases)("$norm from start $start: each sample as in an attack with its own constants", (given) => {
  const options = { ...given, ...budgets[given.norm], steps: 3 };
  const together = pgd(options).perturb(model, images, labels, new Generator(3), {
    epsilon: tensor(shares),
    stepSize: tensor(shares),
  });
  expect(equal(together.slice(0, 0, 1), images.slice(0, 0, 1))).toBe(true);
  for (const [i, share] of shares.entries()) {
    if (share === 0) continue;
    const scaled = pgd({
      ...options,
      epsilon: options.epsilon * share,
      stepSize: options.stepSize * share,
    }).perturb(model, images, labels, new Generator(3));
    const difference = together
      .slice(0, i, i + 1)
      .sub(scaled.slice(0, i, i + 1))
      .abs()
      .amax();
    expect(difference.item()).toBeLessThan(1e-5);
  }
});

it("with the whole budget for all is the plain attack, and leaves no tensors behind", () => {
  const attack = pgd({ norm: "linf", ...budgets.linf, steps: 3 });
  const run = (shares?: number[]) =>
    scope(() => {
      const budget = shares ? { epsilon: tensor(shares), stepSize: tensor(shares) } : null;
      return attack.perturb(model, images, labels, new Generator(3), budget).toArray();
    });
  const plain = run();
  const before = liveTensors();
  for (const [i, value] of run([1, 1, 1, 1]).entries()) expect(value).toBeCloseTo(plain[i]!, 6);
  expect(liveTensors()).toBe(before);
});

it("can share out epsilon alone: a step as long as the ball is wide ends on the share's border", () => {
  const attack = pgd({ norm: "linf", epsilon: 0.1, stepSize: 0.1, steps: 1, start: "none" });
  const budget = { epsilon: tensor(shares), stepSize: null };
  const moved = attack.perturb(model, images, labels, new Generator(3), budget).sub(images);
  const largest = moved.abs().flatten(1).amax([1]).toArray();
  // No step is longer than the attack's own, however wide the ball.
  for (const [i, share] of shares.entries()) expect(largest[i]).toBeCloseTo(0.1 * Math.min(share, 1), 5);
});

it("bounded by [0, 1] alone, one step from wide noise leaves the ball and no more", () => {
  const options = { norm: "linf", epsilon: 0.1, stepSize: 0.1, steps: 1, start: "double-uniform" } as const;
  const moved = (projection: "image" | "ball") =>
    pgd({ ...options, projection, clampStart: true })
      .perturb(model, images, labels, new Generator(3))
      .sub(images)
      .abs()
      .amax()
      .item();
  expect(moved("image")).toBeGreaterThan(0.25);
  expect(moved("image")).toBeLessThanOrEqual(0.3 + 1e-6);
  expect(moved("ball")).toBeLessThanOrEqual(0.1 + 1e-6);
  expect(() => pgd({ ...options, steps: 2, projection: "image" })).toThrow("steps must be 1 with projection");
  expect(() => pgd({ ...options, norm: "l2", projection: "image" })).toThrow(
    '"double-uniform" is a noise for',
  );
});
