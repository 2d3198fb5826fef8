// What a call of a LibTorch operator costs from TypeScript: tiny tensors, so that only the way there and back counts.
import { Generator, keep, ones, randn, scope, setThreads } from "reat";
import { bench, describe } from "vitest";

const calls = 1000;
setThreads(1);
const a = keep(randn([4], new Generator(0)));
const b = keep(ones([4]));

describe(`${calls} calls on tensors of 4 elements, freed by their scope`, () => {
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
