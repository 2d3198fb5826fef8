// A convolution's gradients do not depend on what its memory held before, whatever the number of filters.
import { expect, it } from "vitest";
import {
  conv2d,
  Generator,
  grad,
  noGrad,
  rand,
  randn,
  scope,
  setThreads,
  type Tensor,
  tensor,
} from "../../src/tensor/index.js";

setThreads(1);

it.each([1, 4, 10, 16, 17])(
  "%i filters: the same gradients in 100 runs among memory full of NaN",
  (filters) => {
    const generator = new Generator(2);
    const images = rand([8, 3, 6, 6], generator);
    const weight = randn([filters, 3, 3, 3], generator);
    const bias = randn([filters], generator);
    const run = (dtype: "float32" | "float64") =>
      scope(() => {
        const inputs = [images, weight, bias].map((value) => value.to(dtype).detach().requiresGrad_());
        const [x, w, b] = inputs as [Tensor, Tensor, Tensor];
        const maps = conv2d(x, w, b, { padding: 1 });
        expect(maps.shape).toEqual([8, filters, 6, 6]);
        const gradients = grad(maps.mul(maps).sum(), inputs).map((gradient) => gradient!);
        return noGrad(() => [maps.detach(), ...gradients].map((value) => value.toArray() as number[]));
      });
    const [first, exact] = [run("float32"), run("float64")];
    const apart = first.map((values, k) => {
      const largest = Math.max(...exact[k]!.map(Math.abs));
      return Math.max(...values.map((value, at) => Math.abs(value - exact[k]![at]!))) / largest;
    });
    expect(Math.max(...apart)).toBeLessThan(1e-5);
    const nan = new Float32Array(8 * 16 * 36 + 64).fill(Number.NaN);
    for (let round = 0; round < 100; round++) {
      scope(() => {
        for (let size = 0; size < 4; size++) tensor(nan.subarray(16 * ((round + size) % 5)));
      });
      expect(run("float32")).toEqual(first);
    }
  },
);
