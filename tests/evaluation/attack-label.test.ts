// Labels tell two results apart where their numbers mean different things, and stay short where they need not.
import { describe, expect, it } from "vitest";
import { evaluationAttack } from "../../src/attacks/index.js";
import { attackLabel } from "../../src/evaluation/index.js";

describe("attackLabel", () => {
  it.each([
    ["pgd-20", {}, "pgd-20"],
    ["pgd-20", { epsilon: 4 / 255, stepSize: 1 / 255 }, "pgd-20 ε=4/255"],
    ["pgd-20", { epsilon: 4 / 255 }, "pgd-20 ε=4/255 step=2/255"],
    ["pgd-20", { norm: "l2" }, "pgd-20 l2"],
    ["pgd-20", { norm: "l2", epsilon: 0.5, stepSize: 0.1 }, "pgd-20 l2 ε=0.5"],
    ["pgd-20", { epsilon: 0 }, "pgd-20 ε=0"],
    ["cw-100", { restarts: 5, logitScale: 10 }, "cw-100 restarts=5 logits×10"],
    ["pgd-20", { start: "none" }, "pgd-20 start=none"],
    ["cw-l2", { norm: "l2" }, "cw-l2"],
    ["square", { norm: "l1" }, "square l1"],
    ["apgd-ce", { norm: "l1", epsilon: 6 }, "apgd-ce l1 ε=6"],
  ] as const)("%s %o", (name, options, label) => {
    expect(attackLabel(evaluationAttack(name, options))).toBe(label);
  });

  it("names a clone's ensemble and its hash, which no other has", () => {
    const [standard, clone] = ["autoattack", "autoattack-torchattacks-3.5"].map((name) =>
      attackLabel(evaluationAttack(name)),
    );
    expect(standard).toMatch(/^autoattack \[[0-9a-f]{12}\]$/);
    expect(clone).toMatch(/^autoattack-torchattacks-3\.5 \[[0-9a-f]{12}\]$/);
    expect(clone!.slice(-13)).not.toBe(standard!.slice(-13));
  });

  it("reads records that say less", () => {
    expect(attackLabel({ name: "pgd-20", constants: {} })).toBe("pgd-20");
  });
});
