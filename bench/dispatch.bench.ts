// What a call of a LibTorch operator costs from TypeScript: tiny tensors, so that only the way there and back counts.

import { Generator, ones, randn, scope, setThreads, type Tensor } from "reat";
import { afterAll, beforeAll, bench, describe } from "vitest";

const calls = 1000;

describe(`${calls} calls on tensors of 4 elements, freed by their scope`, () => {
  let a: Tensor;
  let b: Tensor;
  beforeAll(() => {
    setThreads(1);
    a = randn([4], new Generator(0));
    b = ones([4]);
  });
  afterAll(() => {
    a.dispose();
    b.dispose();
  });

  bench("add", () => {
    scope(() => {
      for (let i = 0; i < calls; i++) a.add(b);
    });
  });

  bench("add in place", () => {
    for (let i = 0; i < calls; i++) a.add_(b);
  });

  bench("relu", () => {
    scope(() => {
      for (let i = 0; i < calls; i++) a.relu();
    });
  });

  bench("sum over a dimension", () => {
    scope(() => {
      for (let i = 0; i < calls; i++) a.sum(0);
    });
  });
});
