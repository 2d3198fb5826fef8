// The modifiers around a method: perturbed weights, class-wise budgets, both, and what goes wrong without an epoch.
import { describe, expect, it } from "vitest";
import { classBudgets, createMethod, methodOptions } from "../../src/methods/index.js";
import { equal, Generator, grad, keep, scope, type Tensor } from "../../src/tensor/index.js";
import { batchOf, classCounts, TinyModel } from "./models.js";

const epsilon = 8 / 255;
const create = (options: object, epochs?: number) =>
  createMethod(methodOptions.parse(options), { classCounts, device: "cpu", epochs });
const weightsOf = (model: TinyModel) => model.parameters().map((tensor) => tensor.toArray());

describe("class-wise budgets", () => {
  /** The largest change of each sample's pixels in the first step of an epoch. */
  function changes(name: string, epoch: number, classBudget: object): number[] {
    const model = new TinyModel(1);
    const method = create({ name, classBudget, attack: { steps: 5 } }, 10);
    method.beginEpoch(epoch);
    const batch = batchOf(2);
    const seen: Tensor[] = [];
    const features = model.features.bind(model);
    model.features = (images) => {
      if (model.mode === "train") seen.push(keep(images.clone()));
      return features(images);
    };
    method.step(batch, { model, generator: new Generator(3) });
    const adversarial = seen.find((images) => !equal(images, batch.images)) ?? batch.images;
    return adversarial.sub(batch.images).abs().flatten(1).amax([1]).toArray();
  }

  it.each(["pgd-at", "reat", "trades", "at-bsl"])("%s: every sample gets its class's share", (name) => {
    const shares = classBudgets(classCounts, 0.3);
    const labels = batchOf(2).labels.toArray();
    const expected = labels.map((label) => shares[label]! * epsilon);
    for (const [i, change] of changes(name, 9, {}).entries()) expect(change).toBeCloseTo(expected[i]!, 5);
    // Half of the warm-up's 8 epochs.
    for (const [i, change] of changes(name, 5, {}).entries()) expect(change).toBeCloseTo(expected[i]! / 2, 5);
  });

  it("are nothing in the first epoch of a warm-up, and alike for alpha 0", () => {
    expect(Math.max(...changes("pgd-at", 1, {}))).toBe(0);
    for (const change of changes("pgd-at", 1, { alpha: 0, warmUp: 0 }))
      expect(change).toBeCloseTo(epsilon, 5);
  });

  it("are in the epoch's record, beside what the method records", () => {
    const method = create({ name: "reat", classBudget: { warmUp: 0 } });
    const record = method.beginEpoch(1);
    expect(record.classBudgetShares).toEqual(classBudgets(classCounts, 0.3));
    expect(record.predictedCounts).toEqual(classCounts);
  });

  it("are 1 for classes of one size, and need the number of epochs for a warm-up", () => {
    expect(classBudgets([5, 5, 5], 0.3)).toEqual([1, 1, 1]);
    expect(() => create({ name: "pgd-at", classBudget: {} }).beginEpoch(1)).toThrow("number of epochs");
    const method = create({ name: "pgd-at", classBudget: {} }, 4);
    const context = { model: new TinyModel(1), generator: new Generator(1) };
    expect(() => method.step(batchOf(1), context)).toThrow("beginEpoch of method pgd-at must be called");
  });
});

describe("a growing attack", () => {
  /** The largest change of any pixel in the first step of an epoch of 10; one step, from the clean images, as long as the ball is wide. */
  function change(epoch: number, parts: object, attack: object = {}): number {
    const model = new TinyModel(1);
    const options = { steps: 1, start: "none", stepSize: epsilon, ...attack };
    const method = create({ name: "pgd-at", attack: options, ...parts }, 10);
    method.beginEpoch(epoch);
    const batch = batchOf(2);
    const seen: Tensor[] = [];
    const features = model.features.bind(model);
    model.features = (images) => {
      if (model.mode === "train") seen.push(keep(images.clone()));
      return features(images);
    };
    method.step(batch, { model, generator: new Generator(3) });
    return seen[0]!.sub(batch.images).abs().amax().item();
  }

  it("has epoch/epochs of epsilon and of the step, and the whole at the end", () => {
    for (const epoch of [1, 5, 10]) {
      expect(change(epoch, { attackRamp: {} })).toBeCloseTo((epsilon * epoch) / 10, 5);
    }
    expect(change(3, { attackRamp: { from: 0.5, over: 0.6 } })).toBeCloseTo(epsilon * 0.75, 5);
    expect(change(6, { attackRamp: { from: 0.5, over: 0.6 } })).toBeCloseTo(epsilon, 5);
  });

  it("can leave the step whole, so that a step reaches the border of the smaller ball", () => {
    const half = { stepSize: epsilon / 2 };
    expect(change(5, { attackRamp: {} }, half)).toBeCloseTo(epsilon / 4, 5);
    expect(change(5, { attackRamp: { scalesStep: false } }, half)).toBeCloseTo(epsilon / 2, 5);
    expect(change(2, { attackRamp: { scalesStep: false } }, half)).toBeCloseTo(epsilon / 5, 5);
  });

  it("multiplies class-wise budgets, and both are in the epoch's record", () => {
    const parts = { attackRamp: {}, classBudget: { warmUp: 0 } };
    const largest = Math.max(
      ...batchOf(2)
        .labels.toArray()
        .map((k) => classBudgets(classCounts, 0.3)[k]!),
    );
    expect(change(5, parts)).toBeCloseTo((epsilon * largest) / 2, 5);
    const record = create({ name: "pgd-at", ...parts }, 10).beginEpoch(5);
    expect(record).toMatchObject({ attackShare: 0.5, classBudgetShares: classBudgets(classCounts, 0.3) });
  });

  it("needs the number of epochs", () => {
    expect(() => create({ name: "pgd-at", attackRamp: {} }).beginEpoch(1)).toThrow("number of epochs");
  });
});

describe("weight perturbation", () => {
  const options = { name: "pgd-at", attack: { steps: 1 } };

  it("moves the weights up the loss until the update, by gamma of each weight's norm, and back", () => {
    const model = new TinyModel(1);
    const before = weightsOf(model);
    const context = { model, generator: new Generator(3) };
    const plain = create(options);
    plain.beginEpoch(1);
    const unmoved = scope(() =>
      plain.step(batchOf(2), { ...context, generator: new Generator(3) }).loss.item(),
    );
    const tracked = model.norm.batchesTracked.item();

    const method = create({ ...options, weightPerturbation: { gamma: 0.02 } });
    method.beginEpoch(1);
    const result = method.step(batchOf(2), context);
    expect(model.norm.batchesTracked.item()).toBe(tracked + 1);
    expect(result.loss.item()).toBeGreaterThan(unmoved);
    const norm = (values: readonly number[]) => Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0));
    const moved = weightsOf(model);
    for (const [i, parameter] of model.parameters().entries()) {
      const distance = norm(moved[i]!.map((value, k) => value - before[i]![k]!));
      expect(distance / norm(before[i]!) || 0).toBeCloseTo(parameter.shape.length >= 2 ? 0.02 : 0, 5);
    }
    result.afterUpdate?.();
    for (const [i, values] of weightsOf(model).entries()) {
      for (const [k, value] of values.entries()) expect(value).toBeCloseTo(before[i]![k]!, 6);
    }
  });

  it("begins with its first epoch", () => {
    const method = create({ ...options, weightPerturbation: { from: 3 } });
    const context = { model: new TinyModel(1), generator: new Generator(3) };
    for (const epoch of [1, 2, 3]) {
      method.beginEpoch(epoch);
      const result = method.step(batchOf(2), context);
      expect(result.afterUpdate !== undefined).toBe(epoch >= 3);
      grad(result.loss, context.model.parameters());
      result.afterUpdate?.();
    }
  });

  it("counts REAT's predictions once a step", () => {
    const method = create({ name: "reat", attack: { steps: 1 }, weightPerturbation: {} });
    method.beginEpoch(1);
    const result = method.step(batchOf(2), { model: new TinyModel(1), generator: new Generator(3) });
    result.afterUpdate?.();
    const { countsSoFar } = method.state() as { countsSoFar: number[] };
    expect(countsSoFar.reduce((sum, count) => sum + count, 0)).toBe(16);
  });
});
