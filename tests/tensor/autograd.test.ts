// Gradients, their modes, generators and lifetimes behave as in PyTorch.
import { describe, expect, it } from "vitest";
import {
  enableGrad,
  equal,
  Generator,
  grad,
  gradOrNull,
  inferenceMode,
  isGradEnabled,
  keep,
  liveTensors,
  noGrad,
  ones,
  rand,
  randn,
  randperm,
  resolveDevice,
  scope,
  setThreads,
  systemInfo,
  tensor,
  threads,
} from "../../src/tensor/index.js";

describe("grad", () => {
  it("differentiates twice with createGraph", () => {
    scope(() => {
      const x = tensor([2, -3], { dtype: "float64" }).requiresGrad_();
      const cubes = x.pow(3).sum();
      const [first] = grad(cubes, [x], { createGraph: true });
      const [second] = grad(first.sum(), [x]);
      expect(first.toArray()).toEqual([12, 27]);
      expect(second.toArray()).toEqual([12, -18]);
    });
  });

  it("keeps the graph with retainGraph and weights outputs with gradOutputs", () => {
    scope(() => {
      const x = tensor([1, 2]).requiresGrad_();
      const y = x.mul(x);
      const [a] = grad(y, [x], { gradOutputs: [tensor([1, 10])], retainGraph: true });
      const [b] = grad([y, y.mul(2)], [x], { gradOutputs: [ones([2]), ones([2])] });
      expect(a.toArray()).toEqual([2, 40]);
      expect(b.toArray()).toEqual([6, 12]);
    });
  });

  it("gives null for what has no part, where asked", () => {
    scope(() => {
      const a = ones([1]).requiresGrad_();
      const b = ones([1]).requiresGrad_();
      const [forA, forB] = gradOrNull(a.mul(3).sum(), [a, b]);
      expect(forA?.item()).toBe(3);
      expect(forB).toBeNull();
    });
  });
});

describe("modes", () => {
  it("nest and are restored after an error", () => {
    scope(() => {
      const x = ones([1]).requiresGrad_();
      expect(noGrad(() => x.mul(2)).requiresGrad).toBe(false);
      expect(noGrad(() => enableGrad(() => x.mul(2))).requiresGrad).toBe(true);
      expect(() =>
        noGrad(() => {
          throw new Error("inside");
        }),
      ).toThrow("inside");
      expect(isGradEnabled()).toBe(true);
      const inside = inferenceMode(() => x.mul(2));
      expect(inside.requiresGrad).toBe(false);
      expect(x.mul(2).requiresGrad).toBe(true);
    });
  });
});

describe("generators", () => {
  it("repeat from a seed, continue from a state, and are independent", () => {
    scope(() => {
      const a = new Generator(7);
      const b = new Generator(7);
      expect(equal(randn([4], a), randn([4], b))).toBe(true);
      const state = a.state();
      const next = rand([100], a);
      randperm(5, b);
      a.restore(state);
      expect(equal(rand([100], a), next)).toBe(true);
      a.reseed(7);
      b.reseed(8);
      expect(equal(randn([4], a), randn([4], b))).toBe(false);
    });
  });

  it("refuse a wrong seed and a wrong state", () => {
    expect(() => new Generator(-1)).toThrow("a seed must be an integer from 0 to 2^53 - 1");
    expect(() => new Generator(0.5)).toThrow("a seed must be an integer");
    expect(() => new Generator(0).restore(new Uint8Array(3))).toThrow(/RNG state|state/i);
  });
});

describe("lifetimes", () => {
  it("frees what a scope made, keeps its result and what is kept", () => {
    const before = liveTensors();
    const kept = scope(() => {
      const lost = ones([2]);
      const inner = scope(() => ({ values: [lost.add(1), lost.add(2)], note: "x" }));
      const owned = keep(ones([5]));
      return { inner, owned, map: new Map([["a", ones([1])]]) };
    });
    expect(liveTensors() - before).toBe(4);
    expect(kept.inner.values[1].toArray()).toEqual([3, 3]);
    for (const t of [...kept.inner.values, kept.owned, ...kept.map.values()]) t.dispose();
    expect(liveTensors()).toBe(before);
  });

  it("frees everything when the scope throws", () => {
    const before = liveTensors();
    expect(() =>
      scope(() => {
        ones([2]);
        throw new Error("inside");
      }),
    ).toThrow("inside");
    expect(liveTensors()).toBe(before);
  });

  it("refuses an asynchronous scope, freeing what it made", () => {
    const before = liveTensors();
    expect(() => scope(async () => ones([1]))).toThrow("synchronous");
    expect(liveTensors()).toBe(before);
  });

  it("works with using", () => {
    const before = liveTensors();
    {
      using a = ones([1]);
      expect(liveTensors()).toBe(before + 1);
      expect(a.item()).toBe(1);
    }
    expect(liveTensors()).toBe(before);
  });

  it("gives in-place operations' own tensor back instead of a new one", () => {
    using a = ones([2]);
    const before = liveTensors();
    expect(a.add_(1).mul_(3)).toBe(a);
    expect(liveTensors()).toBe(before);
    expect(a.toArray()).toEqual([6, 6]);
  });
});

describe("system", () => {
  it("sets the thread count and refuses a wrong one", () => {
    const before = threads();
    setThreads(1);
    expect(threads()).toBe(1);
    setThreads(before);
    expect(() => setThreads(0)).toThrow("integer from 1 to 1024");
  });

  it("never falls back silently from a device that was asked for", () => {
    expect(resolveDevice("cpu")).toBe("cpu");
    expect(() => resolveDevice("tpu")).toThrow('device must be auto, cpu, cuda or cuda:N, got "tpu"');
    if (systemInfo().cudaDeviceCount === 0) {
      expect(() => resolveDevice("cuda")).toThrow(/without CUDA|0 CUDA devices/);
      expect(resolveDevice("auto")).toBe("cpu");
    }
  });
});
