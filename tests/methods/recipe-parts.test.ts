// What the parts of recipes do in a method: budgets and weights from what an epoch showed, and terms beside the loss.
import { describe, expect, it } from "vitest";
import { createMethod, methodOptions } from "../../src/methods/index.js";
import { Generator, noGrad, scope, type Tensor, zeros } from "../../src/tensor/index.js";
import { batchOf, classCounts, TinyModel } from "./models.js";

const teacher = { logits: (images: Tensor) => zeros([images.shape[0]!, classCounts.length]) };
const setup = { classCounts, device: "cpu", epochs: 4, teacher } as const;
const create = (options: object, parts: object = {}) =>
  createMethod(methodOptions.parse({ name: "pgd-at", attack: { steps: 1 }, ...options }), {
    ...setup,
    ...parts,
  });

/** The epoch's record after an epoch of three batches, and what those batches' logits were. */
function afterAnEpoch(options: object) {
  const model = new TinyModel(1);
  const method = create(options);
  method.beginEpoch(1);
  const seen = [1, 2, 3].map((seed) => {
    const batch = batchOf(seed);
    const { adversarialLogits } = scope(() => method.step(batch, { model, generator: new Generator(seed) }));
    return { logits: adversarialLogits!, labels: batch.labels.toArray() };
  });
  const record = method.beginEpoch(2);
  return { record, seen, state: method.state(), again: method.beginEpoch(2) };
}

describe("CFA", () => {
  it("gives each class λ plus its share of examples that were classified right, from its epoch on", () => {
    const { record, seen, again } = afterAnEpoch({ cfa: { from: 2, lambda: 0.25 } });
    const [right, all] = [classCounts.map(() => 0), classCounts.map(() => 0)];
    for (const { logits, labels } of seen) {
      const predicted = logits.argmax(1).toArray();
      for (const [i, label] of labels.entries()) {
        all[label]! += 1;
        if (predicted[i] === label) right[label]! += 1;
      }
    }
    const expected = right.map((count, k) => 0.25 + count / all[k]!);
    for (const [k, share] of (record.classBudgetShares as number[]).entries()) {
      expect(share).toBeCloseTo(expected[k]!, 5);
    }
    expect(new Set(expected).size).toBeGreaterThan(1);
    expect(again).toEqual(record);
    expect(afterAnEpoch({ cfa: { from: 3 } }).record.classBudgetShares).toEqual([1, 1, 1, 1]);
  });
});

describe("DAFA", () => {
  it("weighs classes by the epoch before its first, and never below 0", () => {
    const { record } = afterAnEpoch({ dafa: { from: 2, lambda: 40 } });
    const weights = record.classWeights as number[];
    expect(record.classBudgetShares).toEqual(weights);
    expect(Math.min(...weights)).toBe(0);
    expect(Math.max(...weights)).toBeGreaterThan(1);
  });

  it("scales the loss of a sample by its class's weight", () => {
    const model = new TinyModel(1);
    const method = create({ dafa: { from: 2, lambda: 40 }, attack: { epsilon: 0 } });
    method.beginEpoch(1);
    for (const seed of [1, 2, 3])
      scope(() => method.step(batchOf(seed), { model, generator: new Generator(1) }));
    const { classWeights } = method.beginEpoch(2) as { classWeights: number[] };
    const batch = batchOf(4);
    const { loss, adversarialLogits } = scope(() =>
      method.step(batch, { model, generator: new Generator(1) }),
    );
    const logProbabilities = adversarialLogits!.logSoftmax(1).toArray();
    const losses = batch.labels
      .toArray()
      .map((label, i) => -classWeights[label]! * logProbabilities[i * 4 + label]!);
    expect(loss.item()).toBeCloseTo(
      losses.reduce((sum, value) => sum + value / losses.length, 0),
      4,
    );
  });
});

it.each([
  ["cfa", "classBudgetShares"],
  ["dafa", "classWeights"],
])("%s waits for an epoch with adversarial examples", (rule, key) => {
  const model = new TinyModel(1);
  const lambda = rule === "dafa" ? { lambda: 40 } : {};
  const method = create({ name: "taet", cleanEpochs: 2, [rule]: { from: 2, ...lambda } });
  const sharesOf = (epoch: number) => {
    const shares = method.beginEpoch(epoch)[key] as number[];
    for (const seed of [1, 2, 3])
      scope(() => method.step(batchOf(seed), { model, generator: new Generator(seed) }));
    return new Set(shares);
  };
  expect([1, 2, 3].map(sharesOf)).toEqual([new Set([1]), new Set([1]), new Set([1])]);
  expect(sharesOf(4).size).toBeGreaterThan(1);
});

describe("terms beside the loss", () => {
  /** Terms of one step of an epoch, and how often the network was run in it. */
  function step(options: object, epoch = 1, averaged: (<T>(body: () => T) => T) | null = null) {
    const model = new TinyModel(1);
    const method = create(options);
    method.beginEpoch(epoch);
    const { loss, terms } = scope(() =>
      method.step(batchOf(2), { model, generator: new Generator(3), averaged }),
    );
    const values = Object.fromEntries(Object.entries(terms).map(([name, term]) => [name, term.item()]));
    return { loss: loss.item(), terms: values };
  }
  const plain = step({});

  it("ReBAT measures the distance from the averaged weights' predictions, from its epoch on", () => {
    const itself = <T>(body: () => T) => body();
    expect(step({ rebat: { from: 2 } }, 1, itself)).toEqual(plain);
    const { loss, terms } = step({ rebat: { from: 2, beta: 3 } }, 2, itself);
    expect(terms.rebat).toBeGreaterThan(0);
    expect(loss).toBeCloseTo(terms.recognition! + terms.rebat!, 5);
    expect(step({ rebat: { from: 2, beta: 6 } }, 2, itself).terms.rebat).toBeCloseTo(2 * terms.rebat!, 5);
    expect(() => step({ rebat: { from: 2 } }, 2)).toThrow("needs training.weightAverage");
  });

  it("GKL is no less than α times the predictions' entropy, and smallest where nothing is attacked", () => {
    const still = step({ gkl: { alpha: 0, beta: 20 }, attack: { epsilon: 0 } });
    expect(still.terms.gkl).toBeCloseTo(0, 6);
    const moved = step({ gkl: { alpha: 0, beta: 20 }, attack: { epsilon: "32/255", stepSize: "32/255" } });
    expect(moved.terms.gkl).toBeGreaterThan(1e-4);
    expect(step({ gkl: { alpha: 4, beta: 0 } }).terms.gkl).toBeGreaterThan(0);
  });

  it("a teacher that knows nothing pulls towards even predictions, with T² for its temperature", () => {
    const model = new TinyModel(1);
    const { terms } = step({ selfTeacher: { run: "t", weight: 2, temperature: 1 }, attack: { epsilon: 0 } });
    const logits = noGrad(() => model.withMode("train", () => model.logits(batchOf(2).images)));
    // KL(even ‖ p) = −log C − mean_k log p_k.
    const expected = 2 * (-Math.log(4) - logits.logSoftmax(1).mean().item());
    expect(terms.selfTeacher).toBeCloseTo(expected, 4);
    expect(() => create({ selfTeacher: { run: "t" } }, { teacher: undefined })).toThrow(
      "needs the teacher itself",
    );
  });
});

describe("the state", () => {
  it("has a place for each part, and refuses a checkpoint that lacks one or holds another's", () => {
    const options = { name: "reat", gkl: {}, cfa: { from: 2 } };
    const method = create(options);
    method.beginEpoch(1);
    const state = method.state();
    expect(Object.keys(state)).toEqual(expect.arrayContaining(["predictedCounts", "gkl", "cfa"]));
    const { cfa: _, ...without } = state;
    expect(() => create(options).restore(without)).toThrow("lacks that of cfa");
    expect(() => create(options).restore({ ...state, gkl: { epoch: 1 } })).toThrow("not one of method gkl");
    expect(() => create({ name: "reat" }).restore(state)).toThrow("not one of method reat");
  });

  it("is as it was where no part is used", () => {
    expect(create({}).state()).toEqual({});
  });
});
