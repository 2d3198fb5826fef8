// The attack inside a training step: where its examples are checked.
import { expect, it } from "vitest";
import { recognitionLoss } from "../../src/losses/index.js";
import { isReadAtOnce, trainingAttack, trainingAttackOptions } from "../../src/methods/training-attack.js";
import { full, Generator, tensor } from "../../src/tensor/index.js";

it("is checked on the CPU, and on no device whose figures have to be waited for", () => {
  const attack = trainingAttack(
    trainingAttackOptions().parse({ steps: 1 }),
    recognitionLoss("ce", [2, 1], "none"),
  );
  const model = { logits: () => full([1, 2], Number.NaN) };
  const labels = tensor([0], { dtype: "int64" });
  expect(() => attack.perturb(model, full([1, 3, 2, 2], 2), labels, new Generator(0))).toThrow();
  expect(["cpu", "cuda:0", "cuda:1"].map((device) => isReadAtOnce(device as "cpu"))).toEqual([
    true,
    false,
    false,
  ]);
});
