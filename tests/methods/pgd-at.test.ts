// PGD-AT: the loss is the named one on examples of the named objective.
import { describe, expect, it } from "vitest";
import { marginObjective, pgd } from "../../src/attacks/index.js";
import { recognitionLoss } from "../../src/losses/index.js";
import { createMethod, methodOptions } from "../../src/methods/index.js";
import { equal, Generator, type Tensor } from "../../src/tensor/index.js";
import { batchOf, classCounts, descend, TinyModel } from "./models.js";

const budget = { epsilon: 16 / 255, stepSize: 4 / 255, steps: 5 };
const batch = batchOf(2);

function pgdAt(options: Record<string, unknown>) {
  return createMethod(methodOptions.parse({ name: "pgd-at", ...options }), { classCounts, device: "cpu" });
}

describe("PGD-AT", () => {
  it.each([
    ["ce", recognitionLoss("ce", classCounts, "none")],
    ["bsl", recognitionLoss("bsl", classCounts, "none")],
    ["cw", marginObjective],
  ])("trains on PGD examples of objective %s", (name, objective) => {
    const model = new TinyModel(1);
    const { loss, adversarialLogits, terms } = pgdAt({
      loss: "bsl",
      attack: { ...budget, objective: name },
    }).step(batch, { model, generator: new Generator(3) });
    const reference = new TinyModel(1);
    const expected = reference.withMode("eval", () =>
      pgd({ norm: "linf", ...budget, objective }).perturb(
        reference,
        batch.images,
        batch.labels,
        new Generator(3),
      ),
    );
    expect(equal(model.trainedOn as Tensor, expected)).toBe(true);
    const logits = reference.logits(expected);
    expect(equal(adversarialLogits as Tensor, logits)).toBe(true);
    expect(loss.item()).toBe(recognitionLoss("bsl", classCounts)(logits, batch.labels).item());
    expect(terms.recognition.item()).toBe(loss.item());
  });

  it("lowers its loss on a batch", () => {
    const context = { model: new TinyModel(1), generator: new Generator(3) };
    const method = pgdAt({ attack: budget });
    method.beginEpoch(1);
    const losses = Array.from({ length: 40 }, () => descend(method, batch, context));
    expect(losses[39]).toBeLessThan(0.8 * losses[0]);
  });

  it("carries no state and refuses that of another method", () => {
    const method = pgdAt({});
    expect(method.state()).toEqual({});
    expect(() => method.restore({})).not.toThrow();
    expect(() => method.restore({ epoch: 1 })).toThrow(/checkpoint's state is not one of method pgd-at/);
  });
});
