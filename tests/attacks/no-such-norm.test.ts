// Attacks that have no l1 form say so, with the norms that they have.
import { expect, it } from "vitest";
import { fgsm, momentumAttack, type NormName } from "../../src/attacks/index.js";

it.each([
  ["fgsm", () => fgsm({ norm: "l1" as NormName, epsilon: 1 })],
  ["mim-10", () => momentumAttack({ norm: "l1" as NormName, epsilon: 1 })],
])("%s", (name, make) => {
  expect(make).toThrow(`norm of attack ${name} must be linf or l2, got "l1"`);
});
