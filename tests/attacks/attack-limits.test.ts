// What an attack cannot do or does not take is an error; at radius 0 every attack leaves the images as they are.
import { describe, expect, it } from "vitest";
import {
  attackEntries,
  attackPattern,
  attacksThatTake,
  attackTakes,
  ensembleSpecNames,
  evaluationAttack,
  isEnsemble,
  requireClassesFor,
} from "../../src/attacks/index.js";
import { Generator, rand, setThreads, zeros } from "../../src/tensor/index.js";

setThreads(1);

describe("options that an attack has not", () => {
  it.each([
    ["apgd-ce", { stepSize: 0.01 }, "Attack apgd-ce takes no stepSize; its options are restarts, logitScale"],
    ["square", { stepSize: 0.01 }, "Attack square takes no stepSize"],
    ["fgsm", { restarts: 2 }, "Attack fgsm takes no restarts; its options are logitScale"],
    ["mim-5", { restarts: 2 }, "Attack mim-5 takes no restarts; its options are stepSize, logitScale"],
    ["fab", { start: "none" }, "Attack fab takes no start"],
    ["autoattack", { restarts: 2 }, "Attack autoattack takes no restarts: AutoAttack's constants are fixed"],
    ["autoattack-plus", { stepSize: 0.1 }, "Attack autoattack-plus takes no stepSize"],
    ["autoattack", { logitScale: 10 }, "Attack autoattack takes no logit scale"],
  ] as const)("%s refuses %j", (name, options, message) => {
    expect(() => evaluationAttack(name, options)).toThrow(message);
  });

  it("are told by name", () => {
    expect(attackTakes("pgd-20", "stepSize")).toBe(true);
    expect(attackTakes("autoattack", "logitScale")).toBe(false);
    expect(attacksThatTake("stepSize")).toBe("pgd-<steps>, cw-<steps>, mim-<steps>");
    expect(attacksThatTake("restarts")).toBe(
      "pgd-<steps>, cw-<steps>, apgd-ce, apgd-dlr, apgd-t, fab, fab-t, square",
    );
  });
});

describe("classes that an objective needs", () => {
  it.each([
    ["apgd-t", 3, 'The attack apgd-t needs 4 classes, and "pets" has 3; with 3 can be run pgd-<steps>,'],
    ["apgd-dlr", 2, "needs 3 classes"],
    ["autoattack", 3, "The attack autoattack needs 4 classes for apgd-t,"],
    ["autoattack-plus", 3, "or autoattack:apgd-ce+apgd-dlr+fab+fab-t+square."],
    ["autoattack-rand", 2, "The attack autoattack-rand needs 3 classes for apgd-dlr"],
    ["autoattack:square+apgd-dlr", 2, "or autoattack:apgd-ce+fab+fab-t+square."],
  ] as const)("%s on %i classes", (name, classes, message) => {
    expect(() => requireClassesFor(["pgd-20", name], classes, "linf", '"pets"')).toThrow(message);
    expect(() => requireClassesFor(["pgd-20", name], 4, "linf", '"pets"')).not.toThrow();
  });

  it("only what the norm has is named instead", () => {
    expect(() => requireClassesFor(["apgd-t"], 2, "l1", "it")).toThrow(
      "with 2 can be run apgd-ce, fab, fab-t, square or autoattack:apgd-ce+fab+fab-t+square.",
    );
  });
});

it("every attack at radius 0 leaves the images as they are, and records the constants it would have had", () => {
  const generator = new Generator(1);
  const images = rand([2, 3, 4, 4], generator);
  const labels = zeros([2], { dtype: "int64" });
  const model = { logits: () => rand([2, 5], generator) };
  const names = [
    ...attackEntries.map((entry) => attackPattern(entry).replace("<steps>", "3")),
    ...ensembleSpecNames,
    "autoattack:square",
  ];
  expect(names).toHaveLength(17);
  for (const name of names) {
    for (const norm of attackEntries.find((entry) => name === entry.name)?.norms ??
      (["linf", "l2"] as const)) {
      const spec = evaluationAttack(name, { norm, epsilon: 0 });
      expect(isEnsemble(spec)).toBe(false);
      const { epsilon: _, ...usual } = evaluationAttack(name, { norm }).constants;
      expect(spec.constants).toEqual({ ...usual, epsilon: 0 });
      if (isEnsemble(spec)) continue;
      expect(spec.attack.perturb(model, images, labels, generator).toArray()).toEqual(images.toArray());
    }
  }
});
