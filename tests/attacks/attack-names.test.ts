// Evaluation attacks by name carry the constants that the literature means by that name.
import { describe, expect, it } from "vitest";
import {
  carliniWagner,
  constantsHash,
  ensembleConstants,
  evaluationAttack,
  fab,
  isEnsemble,
  isEvaluationAttackName,
  marginObjective,
  namedAttack,
  type PgdOptions,
  pgd,
} from "../../src/attacks/index.js";
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
    const asOptions = constants as unknown as PgdOptions;
    const own = pgd({ ...asOptions, objective: marginObjective, clampStart: true });
    const [a, b] = [attack, own].map((each) => each.perturb(model, images, labels, new Generator(8)));
    expect(equal(a, b)).toBe(true);
  });

  it.each(["pgd", "pgd-0", "pgd-x", "PGD-20", "fgsm-3", "pgd-20 ", "cw-", "apgd", "mim"])(
    "refuses %o in one sentence",
    (name) => {
      expect(() => namedAttack(name)).toThrow(
        `The attack must be pgd-<steps> (such as pgd-20), cw-<steps>, mim-<steps>, fgsm, apgd-ce, apgd-dlr, apgd-t, fab, fab-t, square, cw-l2 or cw-l2-fixed, got "${name}"`,
      );
      expect(isEvaluationAttackName(name)).toBe(false);
    },
  );

  it("refuses constants out of range", () => {
    expect(() => namedAttack("pgd-20", { epsilon: 8 })).toThrow(/epsilon for linf must be from 0 to 1/);
    expect(() => namedAttack("pgd-20", { epsilon: -1 / 255 })).toThrow(
      /epsilon for linf must be from 0 to 1/,
    );
    expect(() => namedAttack("square", { epsilon: 8 })).toThrow(
      /epsilon of attack square for norm linf must be/,
    );
    expect(() => namedAttack("fgsm", { epsilon: 0 })).toThrow(/epsilon of attack fgsm for norm linf must be/);
    expect(() => namedAttack("pgd-20", { logitScale: 0 })).toThrow(/logitScale of attack pgd-20 must be/);
  });

  it.each([
    ["pgd-20", "l1", 'norm of attack pgd-20 must be linf or l2, got "l1"'],
    ["mim-5", "l1", 'norm of attack mim-5 must be linf or l2, got "l1"'],
    ["cw-l2", "linf", 'norm of attack cw-l2 must be l2, got "linf"'],
    ["fab", "l7", 'norm of attack fab must be linf, l2 or l1, got "l7"'],
    ["autoattack", "l0", 'norm of attack autoattack must be linf, l2 or l1, got "l0"'],
  ])("%s has no norm %s", (name, norm, message) => {
    expect(() => evaluationAttack(name, { norm: norm as "l1" })).toThrow(message);
  });

  it.each([
    ["fgsm", { algorithm: "fgsm", norm: "linf", epsilon: 8 / 255 }],
    ["mim-5", { algorithm: "mim", stepSize: 2 / 255, steps: 5, decay: 1 }],
    ["apgd-ce", { algorithm: "apgd-ce", steps: 100, restarts: 1, rho: 0.75 }],
    ["apgd-t", { algorithm: "apgd-t", steps: 100, restarts: 1, targets: 9 }],
    ["fab", { algorithm: "fab", steps: 100, restarts: 1, eta: 1.05 }],
    ["fab-t", { algorithm: "fab-t", steps: 100, restarts: 1, targets: 9 }],
    ["square", { algorithm: "square", queries: 5000, firstShare: 0.8 }],
  ])("%s has the standard constants, all of them written down", (name, constants) => {
    const named = namedAttack(name);
    expect(named.constants).toMatchObject(constants);
    expect(named.attack.name).toBe(name);
    expect(JSON.parse(JSON.stringify(named.constants))).toEqual(named.constants);
  });

  it("take restarts and a logit scale where they have them", () => {
    expect(namedAttack("fab", { restarts: 4 }).constants).toMatchObject({ restarts: 4 });
    expect(namedAttack("apgd-t", { restarts: 2, logitScale: 10 }).constants).toMatchObject({
      restarts: 2,
      logitScale: 10,
    });
    // The l1 form has restarts of its own.
    expect(namedAttack("apgd-ce", { norm: "l1" }).constants).toMatchObject({
      epsilon: 12,
      restarts: 5,
      shrinkingRadius: true,
    });
  });

  it("make what the constants say: fab and Carlini-Wagner", () => {
    const images = rand([4, 3, 6, 6], new Generator(1));
    const labels = tensor([0, 1, 2, 0], { dtype: "int64" });
    const model = tinyClassifier(2);
    const own = [
      [namedAttack("fab", { epsilon: 0.1 }).attack, fab({ norm: "linf", epsilon: 0.1 })],
      [
        namedAttack("cw-l2-fixed", { norm: "l2", epsilon: 0.7 }).attack,
        carliniWagner({ epsilon: 0.7, weight: 1, steps: 50, learningRate: 0.01 }),
      ],
    ] as const;
    for (const pair of own) {
      const [a, b] = pair.map((each) => each.perturb(model, images, labels, new Generator(8)));
      expect(equal(a!, b!)).toBe(true);
    }
    expect(namedAttack("cw-l2", { norm: "l2" }).constants).toMatchObject({
      ...{ algorithm: "carlini-wagner", searchRounds: 9, steps: 1000, weight: 1e-3, epsilon: 1 },
    });
  });
});

describe("ensembles by name", () => {
  it.each([
    ["autoattack", "standard"],
    ["autoattack-plus", "plus"],
    ["autoattack-rand", "rand"],
    ["autoattack-torchattacks-3.5", "torchattacks-3.5"],
  ] as const)("%s", (name, version) => {
    const spec = evaluationAttack(name, { epsilon: 4 / 255 });
    expect(isEnsemble(spec) && spec.version).toBe(version);
    const constants = ensembleConstants(version, "linf");
    expect(spec.constants).toMatchObject({ version, norm: "linf", epsilon: 4 / 255, ...constants });
    expect(spec.constants).toMatchObject({ constantsHash: constantsHash(constants) });
  });

  it("a list of one's own", () => {
    const spec = evaluationAttack("autoattack:apgd-ce+square");
    expect(isEnsemble(spec) && spec.version).toEqual(["apgd-ce", "square"]);
    expect(spec.constants).toMatchObject({ version: "custom", attacks: ["apgd-ce", "square"] });
    expect(isEnsemble(evaluationAttack("pgd-3"))).toBe(false);
  });

  it.each(["autoattack:", "autoattack:pgd-20", "autoattack:fab+fab", "autoattack-strong", "AutoAttack"])(
    "refuses %o",
    (name) => {
      expect(() => evaluationAttack(name)).toThrow(
        /^The attack must be pgd-<steps> .* cw-l2-fixed, autoattack, .* or a list of your own such as autoattack:apgd-ce\+square, got "/,
      );
    },
  );

  it("takes no logit scale and no negative radius", () => {
    expect(() => evaluationAttack("autoattack", { logitScale: 10 })).toThrow(/takes no logit scale, got 10/);
    expect(() => evaluationAttack("autoattack", { epsilon: -1 })).toThrow(
      /epsilon of attack autoattack for norm/,
    );
  });
});
