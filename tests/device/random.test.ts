// Random streams of the device that REAT_TEST_DEVICE names: seeds decide them, and a saved state continues them.
import { expect, it } from "vitest";
import { Generator, rand, randint, randn, randperm, scope, TensorError } from "../../src/tensor/index.js";
import { describeOnDevice, testDevice } from "../test-device.js";

/** One draw of each kind. */
const draws = (generator: Generator) =>
  scope(() =>
    [
      rand([33], generator),
      randn([5, 7], generator),
      randint(0, 1000, [17], generator),
      randperm(50, generator),
    ].map((drawn) => {
      expect(drawn.device).toBe(testDevice);
      return drawn.toArray();
    }),
  );

describeOnDevice("random streams", () => {
  it("follow their seed", () => {
    const first = draws(new Generator(5, testDevice));
    expect(draws(new Generator(5, testDevice))).toEqual(first);
    expect(draws(new Generator(6, testDevice))).not.toEqual(first);
    const generator = new Generator(9, testDevice);
    draws(generator);
    generator.reseed(5);
    expect(draws(generator)).toEqual(first);
  });

  it("go on from a saved state, in another generator too", () => {
    const generator = new Generator(5, testDevice);
    const first = draws(generator);
    const state = generator.state();
    const second = draws(generator);
    expect(second).not.toEqual(first);
    generator.restore(state);
    expect(draws(generator)).toEqual(second);
    const other = new Generator(1, testDevice);
    other.restore(state);
    expect(draws(other)).toEqual(second);
  });

  it("do not depend on one another", () => {
    const [a, b] = [new Generator(5, testDevice), new Generator(6, testDevice)];
    const alone = [draws(new Generator(5, testDevice)), draws(new Generator(6, testDevice))];
    expect([draws(a), draws(b)]).toEqual(alone);
  });

  it("refuse a state that is none", () => {
    expect(() => new Generator(5, testDevice).restore(new Uint8Array(3))).toThrow(TensorError);
  });

  it("draw uniform and normal numbers", () => {
    scope(() => {
      const generator = new Generator(7, testDevice);
      const uniform = rand([100_000], generator);
      expect(uniform.amin().item()).toBeGreaterThanOrEqual(0);
      expect(uniform.amax().item()).toBeLessThan(1);
      expect(uniform.mean().item()).toBeCloseTo(0.5, 2);
      const normal = randn([100_000], generator);
      expect(normal.mean().item()).toBeCloseTo(0, 1);
      expect(normal.pow(2).mean().item()).toBeCloseTo(1, 1);
    });
  });
});
