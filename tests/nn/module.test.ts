// Modules: names and order, loading, modes, conversion, disposal.
import { describe, expect, it } from "vitest";
import { BatchNorm, Conv2d, Linear, Module, Sequential } from "../../src/nn/index.js";
import { Generator, liveTensors, ones, scope, type Tensor } from "../../src/tensor/index.js";

class Example extends Module {
  // The child comes first here: own entries still lead, as in PyTorch.
  readonly body = this.child(
    "body",
    new Sequential(new Conv2d(1, 2, new Generator(0), { bias: true }), new BatchNorm(2)),
  );
  readonly scale = this.parameter("scale", ones([1]));
  readonly offset = this.buffer("offset", ones([2]));
}

describe("names", () => {
  const example = new Example();

  it("come in PyTorch's order", () => {
    expect([...example.stateDict().keys()]).toEqual([
      "scale",
      "offset",
      "body.0.weight",
      "body.0.bias",
      "body.1.weight",
      "body.1.bias",
      "body.1.running_mean",
      "body.1.running_var",
      "body.1.num_batches_tracked",
    ]);
    expect([...example.namedParameters().keys()]).toEqual([
      "scale",
      "body.0.weight",
      "body.0.bias",
      "body.1.weight",
      "body.1.bias",
    ]);
    expect([...example.namedBuffers().keys()]).toEqual([
      "offset",
      "body.1.running_mean",
      "body.1.running_var",
      "body.1.num_batches_tracked",
    ]);
  });

  it("belong to recorded parameters and to buffers that are not", () => {
    expect(example.parameters().every((tensor) => tensor.requiresGrad)).toBe(true);
    expect([...example.namedBuffers().values()].some((tensor) => tensor.requiresGrad)).toBe(false);
  });
});

describe("loading", () => {
  it("copies every entry", () => {
    const [from, to] = [new Linear(3, 2, new Generator(1)), new Linear(3, 2, new Generator(2))];
    expect(to.weight.toArray()).not.toEqual(from.weight.toArray());
    to.loadStateDict(from.stateDict());
    expect(to.weight.toArray()).toEqual(from.weight.toArray());
    expect(to.bias.toArray()).toEqual(from.bias.toArray());
    expect(to.weight.requiresGrad).toBe(true);
    from.dispose();
    expect(to.weight.toArray().length).toBe(6);
  });

  it("names everything that does not fit and changes nothing", () => {
    const layer = new Linear(3, 2, new Generator(1));
    const before = layer.weight.toArray();
    const state = new Map<string, Tensor>([
      ["weight", ones([3, 2])],
      ["wieght", ones([2, 3])],
    ]);
    expect(() => layer.loadStateDict(state)).toThrow(
      "The state does not fit this network: missing bias; unknown wieght; weight is [3,2] where [2,3] is needed.",
    );
    expect(layer.weight.toArray()).toEqual(before);
  });
});

describe("modes", () => {
  it("reach every part and are restored one by one, also after an error", () => {
    const example = new Example();
    expect(example.mode).toBe("train");
    example.body.setMode("eval");
    const seen = () => [example.mode, example.body.mode];
    expect(example.withMode("batch", seen)).toEqual(["batch", "batch"]);
    expect(seen()).toEqual(["train", "eval"]);
    expect(() =>
      example.withMode("eval", () => {
        throw new Error("inside");
      }),
    ).toThrow("inside");
    expect(seen()).toEqual(["train", "eval"]);
  });
});

it("converts floating-point entries and keeps the objects", () => {
  const example = new Example();
  const before = example.stateDict();
  const values = example.body.stateDict().get("0.weight")!.toArray();
  example.to("float64");
  for (const [name, tensor] of example.stateDict()) {
    expect(tensor).toBe(before.get(name));
    expect(tensor.dtype).toBe(name.endsWith("num_batches_tracked") ? "int64" : "float64");
  }
  expect(example.stateDict().get("body.0.weight")!.toArray()).toEqual(values);
  expect(example.parameters().every((tensor) => tensor.requiresGrad)).toBe(true);
  const output = scope(() => example.body.forward(ones([1, 1, 3, 3], { dtype: "float64" })).dtype);
  expect(output).toBe("float64");
});

it("frees everything, whatever scope it was made in", () => {
  const before = liveTensors();
  const example = scope(() => new Example());
  expect(liveTensors()).toBe(before + 9);
  example.dispose();
  expect(liveTensors()).toBe(before);
});
