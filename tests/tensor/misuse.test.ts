// Wrong use ends in a JavaScript error, never in a crash of the process.
import { describe, expect, it } from "vitest";
import {
  type Argument,
  callOperator,
  conv2d,
  Generator,
  grad,
  ones,
  operator,
  rand,
  type Tensor,
  TensorError,
  tensor,
} from "../../src/tensor/index.js";
import { native } from "../../src/tensor/native.js";

const anything = (value: unknown) => value as Argument;

describe("errors of LibTorch", () => {
  it("are one sentence with the operator and the argument shapes", () => {
    using image = ones([1, 3, 8, 8]);
    using weight = ones([4, 2, 3, 3]);
    let message = "";
    try {
      conv2d(image, weight, null);
    } catch (error) {
      expect(error).toBeInstanceOf(TensorError);
      message = (error as Error).message;
    }
    expect(message).toMatch(/^aten::conv2d\(float32\[1,3,8,8\], float32\[4,2,3,3\], bias/);
    expect(message).toContain("expected input[1, 3, 8, 8] to have 2 channels");
    expect(message).not.toMatch(/\n|frame #|\.cpp|Exception raised/);
  });

  it("describe lists of tensors", () => {
    using a = ones([2, 2]);
    using b = ones([3]);
    expect(() => callOperator("cat", [a, b], 0)).toThrow(
      /^aten::cat\(\[float32\[2,2\], float32\[3\]\], dim\)/,
    );
  });
});

describe("wrong arguments", () => {
  const add = operator("add.Tensor");
  const relu = operator("relu");
  const sum = operator("sum.dim_IntList");
  const wrong: [string, unknown, string][] = [
    ["number", 5, "a number"],
    ["a number that looks like a handle", 2 ** 32 + 1, "a number"],
    ["string", "x", "a string"],
    ["null", null, "null"],
    ["object", {}, "an object"],
    ["array", [1], "an array"],
    ["bigint", 1n, "a bigint"],
    ["function", () => 0, "a function"],
    ["symbol", Symbol("x"), ""],
  ];
  it.each(wrong)("a tensor argument refuses: %s", (_name, value, got) => {
    expect(() => relu(anything(value))).toThrow(`argument 'self' must be Tensor, got ${got}`);
  });

  it("a missing argument is named", () => {
    using a = ones([1]);
    expect(() => add(a)).toThrow("argument 'other' is missing");
  });

  it("too many arguments are counted", () => {
    using a = ones([1]);
    expect(() => relu(a, 1, 2)).toThrow("takes 1 arguments, got 3");
  });

  it("a tensor where a number belongs, a fraction where an integer belongs", () => {
    using a = ones([2, 2]);
    expect(() => sum(a, [0.5])).toThrow(/argument 'dim' must be .*got 0.5/);
    expect(() => sum(a, anything([a]))).toThrow("argument 'dim' must be");
    expect(() => sum(a, ["0"] as never)).toThrow("got a string");
    expect(() => callOperator("select.int", a, a, 0)).toThrow("argument 'dim' must be int, got a tensor");
    expect(() => callOperator("sum", a, "float33")).toThrow("unknown dtype 'float33'");
  });

  it("a generator is no tensor and a tensor no generator", () => {
    const generator = new Generator(0);
    using a = ones([1]);
    expect(() => relu(generator)).toThrow(TensorError);
    expect(() => callOperator("rand.generator", [1], a)).toThrow(TensorError);
  });

  it("an unknown operator is named with LibTorch's version", () => {
    expect(() => callOperator("no_such_thing")).toThrow(/^LibTorch .* has no operator aten::no_such_thing$/);
  });
});

describe("disposed tensors", () => {
  it("refuse every use", () => {
    const t = ones([2]);
    t.dispose();
    t.dispose();
    expect(t.isDisposed).toBe(true);
    expect(String(t)).toBe("Tensor(disposed)");
    for (const use of [
      () => t.add(1),
      () => t.item(),
      () => t.toArray(),
      () => t.shape,
      () => t.dtype,
      () => t.requiresGrad_(),
      () => t.write_(new Float32Array(2)),
      () => grad(t, [t]),
    ]) {
      expect(use).toThrow("the tensor has been disposed");
    }
  });

  it("are told apart from the tensor that took their slot", () => {
    const old = ones([2]);
    old.dispose();
    using next = ones([3]);
    expect(next.shape).toEqual([3]);
    expect(() => old.add(1)).toThrow("the tensor has been disposed");
  });
});

describe("the addon itself", () => {
  it("survives arguments no binding would send", () => {
    const addon = native() as unknown as Record<string, (...args: unknown[]) => unknown>;
    const rubbish = [
      undefined,
      null,
      -1,
      1.5,
      Number.NaN,
      1e300,
      "x",
      {},
      [],
      [undefined],
      [Number.NaN],
      () => 0,
    ];
    let refused = 0;
    for (const name of Object.keys(addon)) {
      if (["setThreads", "setGradEnabled", "pushInferenceMode"].includes(name)) continue;
      for (const a of rubbish) {
        for (const b of rubbish) {
          try {
            addon[name](a, b, a, b, a, b);
          } catch (error) {
            expect(error).toBeInstanceOf(Error);
            refused++;
          }
        }
      }
    }
    expect(refused).toBeGreaterThan(1000);
  });
});

describe("gradients", () => {
  it("name both sides when an input has no part in the output", () => {
    using a = ones([2]).requiresGrad_();
    using b = ones([3]).requiresGrad_();
    using loss = a.sum();
    expect(() => grad(loss, [b])).toThrow(
      /^grad of \[Tensor\(float32\[\]\)\] for \[Tensor\(float32\[3\]\)\]: .*unused|not.*used/i,
    );
  });

  it("refuse a second pass through a freed graph", () => {
    using a = rand([2], new Generator(0)).requiresGrad_();
    using loss = a.mul(a).sum();
    const [first] = grad(loss, [a]);
    expect(first.shape).toEqual([2]);
    expect(() => grad(loss, [a])).toThrow(/second time/);
  });

  it("refuse integer tensors", () => {
    using labels: Tensor = tensor([1, 2], { dtype: "int64" });
    expect(() => labels.requiresGrad_()).toThrow(/floating point/);
  });
});
