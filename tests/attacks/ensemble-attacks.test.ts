// APGD, FAB, Square, MIM, FGSM and C&W on tiny models: what every attack promises, held for each of them and each norm.
import { describe, expect, it } from "vitest";
import { fabRun } from "../../src/attacks/fab/run.js";
import { lengths } from "../../src/attacks/geometry/ball.js";
import {
  type Attack,
  apgd,
  type BallName,
  ballNames,
  type Classifier,
  carliniWagner,
  fab,
  fgsm,
  marginObjective,
  momentumAttack,
  square,
  transferAttack,
  withScaledLogits,
} from "../../src/attacks/index.js";
import {
  Generator,
  linear,
  liveTensors,
  noGrad,
  rand,
  scope,
  setThreads,
  type Tensor,
  tensor,
} from "../../src/tensor/index.js";
import { tinyClassifier } from "./models.js";

setThreads(1);
const model = tinyClassifier(1, 5);
const images = rand([24, 3, 6, 6], new Generator(2));
const labels = noGrad(() => model.logits(images).argmax(1));
// Every fourth label is wrong, so that some images are misclassified before any attack.
const someWrong = labels
  .add(
    tensor(
      Array.from({ length: 24 }, (_, i) => (i % 4 === 0 ? 1 : 0)),
      { dtype: "int64" },
    ),
  )
  .remainder(5);

const radius: Record<BallName, number> = { linf: 0.05, l2: 0.4, l1: 2.5 };
const correct = (on: Classifier, x: Tensor, y: Tensor) =>
  noGrad(() => on.logits(x).argmax(1).eq(y).toArray().map(Number));
const checksums = () => scope(() => model.weights.map((weight) => weight.sum().item()));
const total = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

const attacks = (norm: BallName): Record<string, Attack> => {
  const common = { norm, epsilon: radius[norm] };
  const gradientAttacks: Record<string, Attack> =
    norm === "l1"
      ? {}
      : {
          mim: momentumAttack({ ...common, norm }),
          fgsm: fgsm({ ...common, norm }),
        };
  return {
    "apgd-ce": apgd({ ...common, objective: "ce", steps: 20 }),
    "apgd-dlr": apgd({ ...common, objective: "dlr", steps: 20, restarts: 2 }),
    "apgd-t": apgd({
      ...common,
      objective: "targeted-dlr",
      steps: 10,
      targets: 9,
      shrinkingRadius: norm === "l1",
    }),
    fab: fab({ ...common, steps: 20, restarts: 2 }),
    "fab-t": fab({ ...common, targeted: true, steps: 10 }),
    square: square({ ...common, queries: 500 }),
    ...gradientAttacks,
  };
};

describe.each(ballNames)("%s", (norm) => {
  it.each(Object.entries(attacks(norm)))(
    "%s stays in the ball, fools some images, leaks nothing",
    (name, attack) => {
      const before = liveTensors();
      const weightsBefore = checksums();
      scope(() => {
        const found = attack.perturb(model, images, someWrong, new Generator(7));
        expect(found.shape).toEqual(images.shape);
        expect(found.requiresGrad).toBe(false);
        const limit = radius[norm] * (1 + 1e-5) + 1e-6;
        expect(lengths(found.sub(images), norm).amax().item()).toBeLessThanOrEqual(limit);
        expect(found.amin().item()).toBeGreaterThanOrEqual(0);
        expect(found.amax().item()).toBeLessThanOrEqual(1);
        const [clean, robust] = [correct(model, images, someWrong), correct(model, found, someWrong)];
        expect(total(clean)).toBe(18);
        expect(total(robust)).toBeLessThan(name === "square" ? 17 : 14);
        // Of the ensemble's attacks: wrong images stay wrong, standing ones come back as they were.
        if (!["mim", "fgsm"].includes(name)) {
          const moved = lengths(found.sub(images), "linf").toArray();
          clean.forEach((flag, i) => {
            if (flag === 0 || robust[i] === 1) expect(moved[i]).toBe(0);
          });
        }
      });
      expect(liveTensors() - before).toBe(0);
      expect(checksums()).toEqual(weightsBefore);
    },
  );
});

it("equal seeds give equal examples, others do not", () => {
  const attack = apgd({ norm: "linf", epsilon: 0.03, objective: "ce", steps: 5 });
  const run = (seed: number) => attack.perturb(model, images, labels, new Generator(seed)).toArray();
  expect(run(1)).toEqual(run(1));
  expect(run(1)).not.toEqual(run(2));
});

describe("FAB on a linear model", () => {
  // Two classes, one hyperplane: the smallest distance is known.
  const weight = tensor([...Array(6)].map((_, k) => [0.3 * (k + 1), -0.2 * (k + 1)]))
    .t()
    .contiguous();
  const two: Classifier = { logits: (x) => linear(x.flatten(1), weight, null) };
  const point = tensor([0.5, 0.5, 0.5, 0.5, 0.5, 0.5], { shape: [1, 6, 1, 1] });
  const w = [...Array(6)].map((_, k) => 0.5 * (k + 1));
  const gap = total(w) * 0.5;

  it("cannot reach a boundary that the box cuts off by much, and says so", () => {
    const found = fabRun(
      two,
      { images: point, labels: tensor([0], { dtype: "int64" }), start: point, targets: null },
      { ball: "linf", steps: 5, alphaMax: 0.1, eta: 1.05, beta: 0.9, stopWithin: null },
    );
    expect(found.distance.toArray()).toEqual([Number.POSITIVE_INFINITY]);
    expect(found.closest.toArray()).toEqual(point.toArray());
  });

  it.each(["linf", "l2"] as const)("finds it in %s", (ball) => {
    // Shift the boundary to half the way to the corner.
    const shifted: Classifier = { logits: (x) => two.logits(x).sub(tensor([gap * 0.75, 0])) };
    const dual = ball === "linf" ? total(w) : Math.hypot(...w);
    const found = fabRun(
      shifted,
      { images: point, labels: tensor([0], { dtype: "int64" }), start: point, targets: null },
      { ball, steps: 30, alphaMax: 0.1, eta: 1.05, beta: 0.9, stopWithin: null },
    );
    const distance = found.distance.item();
    const nearest = (gap - gap * 0.75) / dual;
    expect(distance).toBeGreaterThan(nearest * 0.9999);
    expect(distance).toBeLessThan(nearest * 1.06);
  });
});

describe("Carlini and Wagner", () => {
  it("the search finds smaller perturbations than the fixed weight", () => {
    scope(() => {
      const fixed = carliniWagner({ weight: 10, steps: 60 });
      const searched = carliniWagner({ searchRounds: 7, steps: 60, weight: 0.1 });
      const lengthOf = (attack: Attack) => {
        const found = attack.perturb(model, images, labels, new Generator(0));
        expect(total(correct(model, found, labels))).toBe(0);
        return lengths(found.sub(images), "l2").mean().item();
      };
      expect(lengthOf(searched)).toBeLessThan(lengthOf(fixed));
    });
  });

  it("counts only what is within a radius, and keeps the margin it is asked for", () => {
    scope(() => {
      const near = carliniWagner({ weight: 10, steps: 60, epsilon: 0.2 }).perturb(
        model,
        images,
        labels,
        new Generator(0),
      );
      expect(lengths(near.sub(images), "l2").amax().item()).toBeLessThanOrEqual(0.2);
      const sure = carliniWagner({ weight: 10, steps: 60, confidence: 1 }).perturb(
        model,
        images,
        labels,
        new Generator(0),
      );
      const logits = noGrad(() => model.logits(sure));
      const margins = marginObjective(logits, labels).toArray();
      const moved = lengths(sure.sub(images), "l2").toArray();
      margins.forEach((margin, i) => {
        if (moved[i]! > 0) expect(margin).toBeGreaterThanOrEqual(1 - 1e-5);
      });
    });
  });
});

describe("transfer and scaled logits", () => {
  const attack = fgsm({ norm: "linf", epsilon: 0.05 });

  it("makes the examples on the source", () => {
    const source = tinyClassifier(9, 5);
    const transferred = transferAttack(source, attack);
    expect(transferred.name).toBe("transfer-fgsm");
    const found = transferred.perturb(model, images, labels, new Generator(0)).toArray();
    expect(found).toEqual(attack.perturb(source, images, labels, new Generator(0)).toArray());
  });

  it("brings gradients back that a huge scale has rounded away", () => {
    const saturated: Classifier = { logits: (x) => model.logits(x).mul(2000) };
    const plain = attack.perturb(saturated, images, labels, new Generator(0));
    const adaptive = withScaledLogits(attack, 1 / 2000).perturb(saturated, images, labels, new Generator(0));
    expect(total(correct(model, plain, labels))).toBeGreaterThan(total(correct(model, adaptive, labels)));
    expect(() => withScaledLogits(attack, 0)).toThrow(
      "The logit factor of attack fgsm-x0 must be a finite number > 0, got 0",
    );
  });
});

describe("refuses", () => {
  const attack = apgd({ norm: "linf", epsilon: 0.03, objective: "ce", steps: 2 });
  const perturb =
    (x: Tensor, y: Tensor, on: Classifier = model) =>
    () =>
      attack.perturb(on, x, y, new Generator(0));
  it.each([
    [
      "images outside [0, 1]",
      perturb(images.add(1), labels),
      /apgd-ce takes images in \[0, 1\], got values from 1\./,
    ],
    ["NaN in images", perturb(images.mul(Number.NaN), labels), /got values from NaN to NaN/],
    [
      "labels without a class",
      perturb(images, labels.add(5)),
      /labels from 0 to 4 \(the model has 5 classes\), got [5-9]/,
    ],
    ["negative labels", perturb(images, labels.sub(9)), /labels from 0 to 4/],
    [
      "NaN logits",
      perturb(images, labels, { logits: (x) => model.logits(x).mul(Number.NaN) }),
      /needs finite logits, but 120 of 120 are NaN or infinite/,
    ],
    [
      "no images",
      perturb(images.slice(0, 0, 0), labels.slice(0, 0, 0)),
      /needs at least one image, got none/,
    ],
    [
      "labels of another number",
      perturb(images, labels.slice(0, 0, 3)),
      /one int64 label an image \(\[24\]\), got int64 \[3\]/,
    ],
    [
      "flat images",
      perturb(images.flatten(1), labels),
      /shape \[N, channels, height, width\], got \[24, 108\]/,
    ],
    [
      "a negative radius",
      () => square({ norm: "linf", epsilon: -0.1 }),
      /epsilon of attack square for norm linf must be a number above 0 and at most 1 .*, got -0.1/,
    ],
    [
      "a radius above 1",
      () => fab({ norm: "linf", epsilon: 8 }),
      /at most 1 \(8\/255 is 8 of 255 grey levels\), got 8/,
    ],
    [
      "a norm no attack has",
      () => apgd({ norm: "l0" as "l1", epsilon: 1, objective: "ce" }),
      /norm of attack apgd-ce must be linf, l2 or l1, got "l0"/,
    ],
    [
      "no steps",
      () => apgd({ norm: "l2", epsilon: 1, objective: "ce", steps: 0 }),
      /steps of attack apgd-ce must be an integer ≥ 1, got 0/,
    ],
    [
      "a norm that MIM lacks",
      () => momentumAttack({ norm: "l1" as "l2", epsilon: 1 }),
      /norm of attack mim-10 must be linf or l2, got "l1"/,
    ],
    [
      "a weight of zero",
      () => carliniWagner({ weight: 0 }),
      /weight of attack cw-l2 must be a number > 0, got 0/,
    ],
  ])("%s", (_what, act, message) => {
    expect(act).toThrow(message);
  });
});
