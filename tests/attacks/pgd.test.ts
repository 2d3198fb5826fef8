// PGD's properties: bounded, repeatable, effective, without weight gradients or leaks.
import { describe, expect, it } from "vitest";
import {
  type Classifier,
  crossEntropyObjective,
  marginObjective,
  type NormName,
  type PgdOptions,
  pgd,
  type StartNoiseName,
} from "../../src/attacks/index.js";
import {
  callOperator,
  equal,
  full,
  Generator,
  grad,
  keep,
  linear,
  liveTensors,
  noGrad,
  rand,
  scope,
  type Tensor,
  tensor,
} from "../../src/tensor/index.js";
import { tinyClassifier } from "./models.js";

const images = rand([5, 3, 6, 6], new Generator(1));
const labels = tensor([0, 1, 2, 0, 1], { dtype: "int64" });
const model = tinyClassifier(2);
const budgets = { linf: { epsilon: 0.1, stepSize: 0.04 }, l2: { epsilon: 0.6, stepSize: 0.25 } };
const starts: StartNoiseName[] = ["uniform", "half-uniform", "gaussian", "none"];

function options(norm: NormName, changes: Partial<PgdOptions> = {}): PgdOptions {
  return { norm, ...budgets[norm], steps: 4, ...changes };
}

const attack = (changes: PgdOptions, seed = 3): Tensor =>
  pgd(changes).perturb(model, images, labels, new Generator(seed));

const objectiveOf = (point: Tensor) =>
  noGrad(() => crossEntropyObjective(model.logits(point), labels)).toArray();

/** Largest perturbation of each image in the norm. */
function sizes(norm: NormName, point: Tensor): number[] {
  return point
    .sub(images)
    .flatten(1)
    .norm(norm === "l2" ? 2 : Number.POSITIVE_INFINITY, 1)
    .toArray();
}

describe.each(["linf", "l2"] as const)("PGD in %s", (norm) => {
  it.each(starts.filter((start) => norm === "linf" || start !== "half-uniform"))(
    "stays in the ball and in [0, 1] from %s start",
    (start) => {
      const point = attack(options(norm, { start }));
      expect(point.shape).toEqual(images.shape);
      expect(point.requiresGrad).toBe(false);
      expect(Math.max(...sizes(norm, point))).toBeLessThanOrEqual(budgets[norm].epsilon * (1 + 1e-6));
      expect(point.amin().item()).toBeGreaterThanOrEqual(0);
      expect(point.amax().item()).toBeLessThanOrEqual(1);
    },
  );

  it("raises every sample's objective, and more steps raise their sum further", () => {
    const before = objectiveOf(images);
    const few = objectiveOf(attack(options(norm, { steps: 1, start: "none" })));
    const many = objectiveOf(attack(options(norm, { steps: 20, start: "none" })));
    const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
    for (const [index, value] of few.entries()) expect(value).toBeGreaterThan(before[index]);
    expect(sum(many)).toBeGreaterThan(sum(few));
  });

  it("gives the clean images for epsilon 0", () => {
    for (const start of ["uniform", "gaussian"] as const) {
      expect(equal(attack(options(norm, { epsilon: 0, start })), images)).toBe(true);
    }
  });

  it("repeats itself for one seed and differs for another", () => {
    expect(equal(attack(options(norm)), attack(options(norm)))).toBe(true);
    expect(equal(attack(options(norm), 3), attack(options(norm), 4))).toBe(false);
  });

  it("keeps each sample's best restart", () => {
    const single = new Generator(9);
    const bests = [0, 1, 2].map(() => objectiveOf(pgd(options(norm)).perturb(model, images, labels, single)));
    const restarted = objectiveOf(
      pgd(options(norm, { restarts: 3 })).perturb(model, images, labels, new Generator(9)),
    );
    const expected = bests[0].map((_, index) => Math.max(...bests.map((values) => values[index])));
    for (const [index, value] of restarted.entries()) expect(value).toBeCloseTo(expected[index], 5);
  });

  it("leaves the images alone and nothing alive but its result", () => {
    const before = images.toArray();
    const generator = new Generator(5);
    const run = (restarts: number) =>
      scope(() => {
        const alive = liveTensors();
        pgd(options(norm, { restarts })).perturb(model, images, labels, generator);
        return liveTensors() - alive;
      });
    expect([run(1), run(3)]).toEqual([1, 1]);
    expect(images.toArray()).toEqual(before);
  });

  it("works inside noGrad and with another objective", () => {
    const change = options(norm, { objective: marginObjective, start: "none" });
    const outside = attack(change);
    expect(
      equal(
        noGrad(() => attack(change)),
        outside,
      ),
    ).toBe(true);
    const margin = (point: Tensor) => marginObjective(model.logits(point), labels).sum().item();
    expect(margin(outside)).toBeGreaterThan(margin(images));
  });
});

describe("PGD's steps", () => {
  it("moves by the sign of the gradient, and not at all where it is 0", () => {
    const flat: Classifier = {
      logits: (x) =>
        x
          .flatten(1)
          .slice(1, 0, 3)
          .mul(tensor([1, 0, -1])),
    };
    const grey = tensor(new Float32Array(3 * 4).fill(0.5), { shape: [1, 3, 2, 2] });
    const point = pgd({ norm: "linf", epsilon: 0.25, stepSize: 0.125, steps: 1, start: "none" }).perturb(
      flat,
      grey,
      tensor([0], { dtype: "int64" }),
      new Generator(0),
    );
    expect(point.toArray()).toEqual([0.375, 0.5, 0.375, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]);
  });

  it("takes l2 steps of exactly the step size", () => {
    const grey = images.mul(0).add(0.5);
    const point = pgd({ norm: "l2", epsilon: 10, stepSize: 0.3, steps: 1, start: "none" }).perturb(
      model,
      grey,
      labels,
      new Generator(0),
    );
    for (const size of point.sub(grey).flatten(1).norm(2, 1).toArray()) expect(size).toBeCloseTo(0.3, 5);
  });

  it("clamps the start only where asked", () => {
    const seen: number[] = [];
    const watching: Classifier = {
      logits(x) {
        seen.push(x.amin().item());
        return model.logits(x);
      },
    };
    const black = images.mul(0);
    for (const clampStart of [false, true]) {
      pgd(options("linf", { steps: 1, clampStart })).perturb(watching, black, labels, new Generator(1));
    }
    expect(seen[0]).toBeLessThan(-0.05);
    expect(seen[1]).toBe(0);
  });

  it("starts from noise of the stated distribution", () => {
    const many = rand([40, 3, 16, 16], new Generator(4)).mul(0).add(0.5);
    const ys = tensor(new BigInt64Array(40), { dtype: "int64" });
    const noiseOf = (start: StartNoiseName, norm: NormName = "linf") => {
      let noise: Tensor | undefined;
      const watching: Classifier = {
        logits(x) {
          noise ??= keep(x.detach().sub(many));
          return x.flatten(1).slice(1, 0, 3);
        },
      };
      pgd({ norm, epsilon: 0.1, stepSize: 0.01, steps: 1, start }).perturb(
        watching,
        many,
        ys,
        new Generator(6),
      );
      return noise as Tensor;
    };
    // 30,720 draws: the mean's standard error is below 0.0004 for the widest noise.
    const moments = (noise: Tensor) => [noise.mean().item(), Math.sqrt(noise.mul(noise).mean().item())];
    const [uniform, half, gaussian] = (["uniform", "half-uniform", "gaussian"] as const).map((s) =>
      noiseOf(s),
    );
    expect(moments(uniform)[0]).toBeCloseTo(0, 2);
    expect(moments(uniform)[1]).toBeCloseTo(0.1 / Math.sqrt(3), 3);
    expect(half.amin().item()).toBeGreaterThanOrEqual(-1e-7);
    expect(moments(half)[0]).toBeCloseTo(0.05, 2);
    expect(moments(gaussian)[1]).toBeCloseTo(0.001, 4);
    expect(noiseOf("none").abs().amax().item()).toBe(0);
    const lengths = noiseOf("uniform", "l2").flatten(1).norm(2, 1).toArray();
    expect(Math.max(...lengths)).toBeLessThanOrEqual(0.1 + 1e-6);
    expect(Math.min(...lengths)).toBeGreaterThan(0.09);
  });

  it("never computes weight gradients, and leaves weights as they are", () => {
    const weight = rand([3, 3 * 36], new Generator(4)).requiresGrad_();
    const before = weight.toArray();
    const ones = full(weight.shape, 1);
    // igamma has no derivative for its first argument: LibTorch throws as soon as one is asked for.
    const underivable: Classifier = {
      logits: (input) => linear(input.flatten(1), callOperator("igamma", weight, ones) as Tensor, null),
    };
    const loss = () => crossEntropyObjective(underivable.logits(images), labels).sum();
    expect(() => grad(loss(), [weight])).toThrow("derivative for 'igamma: input' is not implemented");
    const point = pgd(options("linf")).perturb(underivable, images, labels, new Generator(3));
    expect(equal(point, images)).toBe(false);
    expect(weight.requiresGrad).toBe(true);
    expect(weight.toArray()).toEqual(before);
  });

  it("leaves a graph through the weights to whoever trains on its examples", () => {
    const point = attack(options("linf"));
    const gradients = grad(crossEntropyObjective(model.logits(point), labels).sum(), model.weights);
    expect(gradients.map((g) => g.abs().amax().item() > 0)).toEqual(model.weights.map(() => true));
  });
});

describe("what PGD refuses", () => {
  it.each([
    [{ epsilon: 8 }, "PGD's epsilon for linf must be from 0 to 1 (8/255 is 8 of 255 grey levels), got 8"],
    [{ epsilon: -0.1 }, "got -0.1"],
    [{ stepSize: 0 }, "PGD's stepSize must be a finite number > 0, got 0"],
    [{ steps: 0 }, "PGD's steps must be an integer ≥ 1, got 0"],
    [{ steps: 1.5 }, "PGD's steps must be an integer ≥ 1, got 1.5"],
    [{ restarts: 0 }, "PGD's restarts must be an integer ≥ 1, got 0"],
    [{ restarts: 2, start: "none" as const }, 'PGD\'s restarts must be 1 with start "none", got 2'],
    [{ norm: "l1" as NormName }, 'PGD\'s norm must be linf or l2, got "l1"'],
    [
      { start: "laplace" as StartNoiseName },
      'start must be one of uniform, half-uniform, double-uniform, gaussian, none, got "laplace"',
    ],
  ])("constants %o", (changes, message) => {
    expect(() => pgd(options("linf", changes))).toThrow(message);
  });

  it("half-uniform noise in l2", () => {
    expect(() => pgd(options("l2", { start: "half-uniform" }))).toThrow(/half-uniform.*linf.*got norm l2/);
  });

  it("images outside [0, 1]", () => {
    const run = (bad: Tensor) => () => pgd(options("linf")).perturb(model, bad, labels, new Generator(0));
    expect(run(images.mul(255))).toThrow(/Attack pgd-4 takes images in \[0, 1\], got values from/);
    expect(run(images.div(0).sub(images.div(0)))).toThrow(/takes images in \[0, 1\]/);
  });

  it("logits that are NaN or infinite", () => {
    for (const poison of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const sick: Classifier = { logits: (x) => model.logits(x).add(tensor([poison, 0, 0])) };
      expect(() => pgd(options("linf")).perturb(sick, images, labels, new Generator(0))).toThrow(
        /Attack pgd-4 needs finite logits/,
      );
    }
  });

  it("none of it on devices that are left unchecked; the examples are the same", () => {
    const asked: string[] = [];
    const unchecked = options("linf", {
      checked: (device) => {
        asked.push(device);
        return false;
      },
    });
    const sick: Classifier = { logits: (x) => model.logits(x).add(tensor([Number.NaN, 0, 0])) };
    const run = (classifier: Classifier, given: Tensor) =>
      pgd(unchecked).perturb(classifier, given, labels, new Generator(0));
    expect(() => run(sick, images)).not.toThrow();
    const found = run(model, images.mul(2));
    expect([found.amin().item() >= 0, found.amax().item() <= 1]).toEqual([true, true]);
    expect(asked).toEqual(["cpu", "cpu"]);
    expect(
      equal(run(model, images), pgd(options("linf")).perturb(model, images, labels, new Generator(0))),
    ).toBe(true);
  });
});
