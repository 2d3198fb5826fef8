// Convolutions of maps in blocks against LibTorch's own, forth and back to the maps.

import { describe, expect, it } from "vitest";
import { blocksAvailable, convolveBlocks, toBlocks } from "../../src/nn/fast/blocked-maps.js";
import { callOperator, conv2d, Generator, grad, rand, scope, type Tensor } from "../../src/tensor/index.js";
import { needing } from "../skipped.js";
import { apart, fromBlocks } from "./from-blocks.js";

const generator = new Generator(3);
const centred = (...shape: number[]) => rand(shape, generator).sub(0.5);

const title = needing(
  blocksAvailable(),
  "convolutions in blocks",
  "they need the system's oneDNN 2 and AVX-512",
);
describe.runIf(blocksAvailable())(title, () => {
  it.each([
    { inputs: 3, outputs: 16, side: 32, kernel: 3, stride: 1 },
    { inputs: 16, outputs: 32, side: 9, kernel: 3, stride: 1 },
    { inputs: 32, outputs: 48, side: 8, kernel: 3, stride: 2 },
    { inputs: 32, outputs: 16, side: 7, kernel: 3, stride: 2 },
    { inputs: 64, outputs: 32, side: 6, kernel: 1, stride: 1 },
    { inputs: 64, outputs: 128, side: 5, kernel: 1, stride: 2 },
    { inputs: 64, outputs: 64, side: 1, kernel: 3, stride: 1 },
  ])("%o", ({ inputs, outputs, side, kernel, stride }) =>
    scope(() => {
      const maps = centred(2, inputs, side, side).requiresGrad_();
      const weight = centred(outputs, inputs, kernel, kernel);
      const bias = centred(outputs);
      const geometry = { stride, padding: (kernel - 1) / 2 };
      const expected = conv2d(maps, weight, bias, geometry);
      const pull = centred(...expected.shape);
      const [expectedGradient] = grad(expected.mul(pull).sum(), [maps]) as [Tensor];
      const got = fromBlocks(convolveBlocks(toBlocks(maps), weight, bias, geometry));
      const [gradient] = grad(got.mul(pull).sum(), [maps]) as [Tensor];
      expect(apart(got, expected)).toBeLessThan(2e-6);
      expect(apart(gradient, expectedGradient)).toBeLessThan(2e-6);
    }),
  );

  const call = (...args: Tensor[]) => callOperator("reat::blocked_convolution", ...args, 1, 1);

  it("refuses what it cannot do, in a sentence", () =>
    scope(() => {
      const [maps, weight, bias] = [centred(1, 1, 4, 4, 16), centred(16, 16, 3, 3), centred(16)];
      expect(() => call(centred(1, 16, 4, 4), weight, bias)).toThrow("takes maps [N, C/16, H, W, 16]");
      expect(() => call(maps, centred(16, 32, 3, 3), bias)).toThrow("O a multiple of 16");
      expect(() => call(maps, centred(8, 16, 3, 3), centred(8))).toThrow("O a multiple of 16");
      expect(() => call(maps, weight, centred(15))).toThrow("takes a bias [O]");
      expect(() => call(maps, weight.requiresGrad_(), bias)).toThrow("gradients of its input alone");
      expect(() => call(maps.to("float64"), weight.detach(), bias)).toThrow("float32 on the CPU");
      expect(() => callOperator("reat::blocked_convolution", maps, weight.detach(), bias, 0, 1)).toThrow(
        "positive stride",
      );
      expect(() =>
        callOperator("reat::blocked_convolution", maps, weight.detach(), bias, 1, 0),
      ).not.toThrow();
      expect(() =>
        callOperator("reat::blocked_convolution", centred(1, 1, 2, 2, 16), weight.detach(), bias, 1, 0),
      ).toThrow("larger than the maps");
    }));

  it("has no second derivative, and says so", () =>
    scope(() => {
      const maps = centred(1, 1, 4, 4, 16).requiresGrad_();
      const squared = (call(maps, centred(16, 16, 3, 3), centred(16)) as Tensor).mul(2).sum();
      expect(() => grad(squared, [maps], { createGraph: true })).toThrow("no second derivative");
    }));
});
