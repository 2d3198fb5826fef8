// The moving average of weights: its formula, its place in the network for a while, its state.
import { describe, expect, it } from "vitest";
import { buildModel, WeightAverage } from "../../src/nn/index.js";
import { Generator, liveTensors, noGrad, rand } from "../../src/tensor/index.js";

const make = () => buildModel("small-resnet", { classes: 3, generator: new Generator(1) });
const name = "fc.bias";

describe("the weight average", () => {
  it("follows decay·average + (1 − decay)·weight, and copies counters", () => {
    const model = make();
    const average = new WeightAverage(model, 0.9);
    const weight = model.stateDict().get(name)!;
    let expected = weight.toArray();
    for (const step of [1, 2]) {
      noGrad(() => weight.add_(step));
      model.logits(rand([2, 3, 32, 32], new Generator(step)));
      average.update();
      expected = weight.toArray().map((value, i) => 0.9 * expected[i]! + 0.1 * value);
    }
    for (const [i, value] of average.state().get(name)!.toArray().entries()) {
      expect(value).toBeCloseTo(expected[i]!, 6);
    }
    expect(average.state().get("conv1.1.num_batches_tracked")!.item()).toBe(2);
  });

  it("stands in the network while a body runs, also one that waits or fails", async () => {
    const model = make();
    const average = new WeightAverage(model, 0.5);
    const weight = model.stateDict().get(name)!;
    const averaged = weight.toArray();
    noGrad(() => weight.add_(1));
    const trained = weight.toArray();
    expect(average.during(() => weight.toArray())).toEqual(averaged);
    expect(weight.toArray()).toEqual(trained);
    await average.during(async () => {
      await Promise.resolve();
      expect(weight.toArray()).toEqual(averaged);
    });
    expect(weight.toArray()).toEqual(trained);
    const fail = () =>
      average.during(() => {
        throw new Error("broken");
      });
    expect(fail).toThrow("broken");
    expect(weight.toArray()).toEqual(trained);
    expect(average.state().get(name)!.toArray()).toEqual(averaged);
  });

  it("saves and restores its state, leaks nothing, and refuses what does not fit", () => {
    const [model, average] = [make(), new WeightAverage(make(), 0.5)];
    average.loadState(model.stateDict());
    const before = liveTensors();
    average.update();
    expect(liveTensors()).toBe(before);
    const lacking = new Map(average.state());
    lacking.delete(name);
    expect(() => average.loadState(lacking)).toThrow("The weight average lacks fc.bias.");
    const foreign = new Map(average.state()).set("x", average.state().get(name)!);
    expect(() => average.loadState(foreign)).toThrow("unknown entry x");
    expect(() => new WeightAverage(model, 1)).toThrow("from 0 to below 1, got 1");
    average.dispose();
  });
});
