// Evaluation attacks by name carry the constants that the literature means by that name.
import { describe, expect, it } from "vitest";
import { marginObjective, namedAttack, pgd } from "../../src/attacks/index.js";
import { equal, Generator, rand, tensor } from "../../src/tensor/index.js";
import { tinyClassifier } from "./models.js";

describe("named attacks", () => {
  it.each([
    ["pgd-20", "ce", 20],
    ["pgd-100", "ce", 100],
    ["cw-20", "margin", 20],
    ["cw-100", "margin", 100],
  ])("%s", (name, objective, steps) => {
    const named = namedAttack(name);
    expect(named.name).toBe(name);
    expect(named.attack.name).toBe(name);
    expect(named.constants).toEqual({
      algorithm: "pgd",
      objective,
      norm: "linf",
      epsilon: 8 / 255,
      stepSize: 2 / 255,
      steps,
      start: "uniform",
      restarts: 1,
      logitScale: 1,
    });
  });

  it("takes other constants", () => {
    const { constants } = namedAttack("pgd-7", { norm: "l2", restarts: 3, logitScale: 10 });
    expect(constants).toMatchObject({
      norm: "l2",
      epsilon: 1,
      stepSize: 0.2,
      steps: 7,
      restarts: 3,
      logitScale: 10,
    });
    expect(namedAttack("cw-7", { epsilon: 4 / 255 }).constants).toMatchObject({
      epsilon: 4 / 255,
      stepSize: 2 / 255,
    });
  });

  it("does what its constants say", () => {
    const images = rand([4, 3, 6, 6], new Generator(1));
    const labels = tensor([0, 1, 2, 0], { dtype: "int64" });
    const model = tinyClassifier(2);
    const { attack, constants } = namedAttack("cw-3");
    const own = pgd({ ...constants, objective: marginObjective, clampStart: true });
    const [a, b] = [attack, own].map((each) => each.perturb(model, images, labels, new Generator(8)));
    expect(equal(a, b)).toBe(true);
  });

  it.each(["pgd", "pgd-0", "pgd-x", "PGD-20", "fgsm", "pgd-20 ", "cw-"])(
    "refuses %o in one sentence",
    (name) => {
      expect(() => namedAttack(name)).toThrow(
        `attack must be pgd-<steps> (PGD on the cross entropy: pgd-20, pgd-100) or cw-<steps> (PGD on the margin: cw-20, cw-100), got "${name}"`,
      );
    },
  );

  it("refuses constants out of range", () => {
    expect(() => namedAttack("pgd-20", { epsilon: 8 })).toThrow(/epsilon for linf must be from 0 to 1/);
    expect(() => namedAttack("pgd-20", { logitScale: 0 })).toThrow(/logitScale of attack pgd-20 must be/);
  });
});
