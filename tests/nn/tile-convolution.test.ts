// Convolutions in tiles against LibTorch's own: results, gradients of the maps and of the addend, and what is fused into them.

import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { toBlocks } from "../../src/nn/fast/blocked-maps.js";
import { convolveTiles, prepareTileWeights, tileProcessor } from "../../src/nn/fast/tile-convolution.js";
import { callOperator, conv2d, Generator, grad, rand, scope, type Tensor } from "../../src/tensor/index.js";
import { needing } from "../skipped.js";
import { apart, fromBlocks } from "./from-blocks.js";

const generator = new Generator(3);
const centred = (...shape: number[]) => rand(shape, generator).sub(0.5);

const shapes = [
  { count: 2, inputs: 3, outputs: 16, height: 32, width: 32, kernel: 3, stride: 1 },
  { count: 3, inputs: 16, outputs: 32, height: 9, width: 6, kernel: 3, stride: 1 },
  { count: 2, inputs: 48, outputs: 48, height: 8, width: 8, kernel: 3, stride: 1 },
  { count: 5, inputs: 64, outputs: 64, height: 1, width: 1, kernel: 3, stride: 1 },
  { count: 70, inputs: 32, outputs: 64, height: 4, width: 4, kernel: 3, stride: 1 },
  { count: 2, inputs: 3, outputs: 32, height: 32, width: 32, kernel: 3, stride: 2 },
  { count: 2, inputs: 32, outputs: 48, height: 8, width: 8, kernel: 3, stride: 2 },
  { count: 3, inputs: 32, outputs: 16, height: 7, width: 13, kernel: 3, stride: 2 },
  { count: 1, inputs: 16, outputs: 16, height: 1, width: 2, kernel: 3, stride: 2 },
  { count: 2, inputs: 64, outputs: 32, height: 6, width: 6, kernel: 1, stride: 1 },
  { count: 2, inputs: 64, outputs: 128, height: 5, width: 9, kernel: 1, stride: 2 },
];

const inTiles = needing(tileProcessor() !== "", "convolutions in tiles", "tiles need AVX2 or AVX-512");
describe.runIf(tileProcessor() !== "")(inTiles, () => {
  it.each(shapes)(
    "%o: a convolution, forth and back",
    ({ count, inputs, outputs, height, width, kernel, stride }) =>
      scope(() => {
        const maps = centred(count, inputs, height, width).requiresGrad_();
        const weight = centred(outputs, inputs, kernel, kernel);
        const bias = centred(outputs);
        const expected = conv2d(maps, weight, bias, { stride, padding: (kernel - 1) / 2 });
        const pull = centred(...expected.shape);
        const weights = prepareTileWeights(weight, { kernel, stride });
        const [result] = convolveTiles(toBlocks(maps), weights, bias, { addend: null, relu: false });
        const got = fromBlocks(result);
        expect(got.shape).toEqual(expected.shape);
        expect(apart(got, expected)).toBeLessThan(1e-5);
        const gradientOf = (output: Tensor) => grad(output.mul(pull).sum(), [maps])[0] as Tensor;
        expect(apart(gradientOf(got), gradientOf(expected))).toBeLessThan(1e-5);
        weights.forth.dispose();
        weights.back.dispose();
      }),
  );

  it.each(shapes)(
    "%o: a sum, ReLU, and maps that are used twice",
    ({ count, inputs, outputs, height, width, kernel, stride }) =>
      scope(() => {
        const maps = centred(count, inputs, height, width).requiresGrad_();
        const weight = centred(outputs, inputs, kernel, kernel);
        const bias = centred(outputs);
        const plain = conv2d(maps, weight, bias, { stride, padding: (kernel - 1) / 2 });
        const addend = centred(...plain.shape).requiresGrad_();
        const expected = plain.add(addend).relu();
        const [pull, pullOfMaps] = [centred(...expected.shape), centred(...maps.shape)];
        const weights = prepareTileWeights(weight, { kernel, stride });
        const blocked = toBlocks(maps);
        const [result, same] = convolveTiles(blocked, weights, bias, {
          addend: toBlocks(addend),
          relu: true,
        });
        expect(same.toArray()).toEqual(blocked.toArray());
        const got = fromBlocks(result);
        expect(apart(got, expected)).toBeLessThan(1e-5);
        // Where rounding moves a value over ReLU's kink the gradients may differ.
        const kinks = expected.eq(0).ne(got.eq(0)).sum().item();
        expect(kinks).toBe(0);
        const gradients = (output: Tensor, again: Tensor) =>
          grad(output.mul(pull).sum().add(again.mul(pullOfMaps).sum()), [maps, addend]) as [Tensor, Tensor];
        const wanted = gradients(expected, maps.mul(1));
        const reached = gradients(got, fromBlocks(same).slice(1, 0, inputs));
        expect(apart(reached[0], wanted[0])).toBeLessThan(1e-5);
        expect(reached[1].toArray()).toEqual(wanted[1].toArray());
        weights.forth.dispose();
        weights.back.dispose();
      }),
  );

  it("lets NaN through ReLU, as LibTorch does", () =>
    scope(() => {
      const bias = centred(16).mul(Number.NaN);
      const weights = prepareTileWeights(centred(16, 16, 3, 3), { kernel: 3, stride: 1 });
      const [result] = convolveTiles(centred(1, 1, 4, 4, 16), weights, bias, { addend: null, relu: true });
      expect(result.toArray().flat(4).every(Number.isNaN)).toBe(true);
      weights.forth.dispose();
      weights.back.dispose();
    }));

  it("gives the gradient of the maps alone where only they are used on", () =>
    scope(() => {
      const maps = centred(1, 1, 4, 4, 16).requiresGrad_();
      const weights = prepareTileWeights(centred(16, 16, 3, 3), { kernel: 3, stride: 1 });
      const [, same] = convolveTiles(maps, weights, centred(16), { addend: null, relu: true });
      const [gradient] = grad(same.sum(), [maps]) as [Tensor];
      expect(new Set(gradient.toArray().flat(4))).toEqual(new Set([1]));
      weights.forth.dispose();
      weights.back.dispose();
    }));

  it("refuses what it cannot do, in a sentence", () =>
    scope(() => {
      const prepare = (weight: Tensor, stride = 1) =>
        callOperator("reat::tile_convolution_weights", weight, stride);
      expect(() => prepare(centred(16, 16, 5, 5))).toThrow("takes kernels of 3×3 and 1×1");
      expect(() => prepare(centred(8, 16, 3, 3))).toThrow("O a multiple of 16");
      expect(() => prepare(centred(16, 16, 3, 3), 3)).toThrow("stride of 1 or 2");
      expect(() => prepare(centred(16, 16, 3, 3).to("float64"))).toThrow("float32 on the CPU");
      expect(() => prepare(centred(16, 16, 3, 3).requiresGrad_())).toThrow("passes no gradient on");
      const [maps, bias] = [centred(1, 1, 4, 4, 16), centred(16)];
      const [forth, back] = prepare(centred(16, 16, 3, 3)) as [Tensor, Tensor];
      const call = (
        input: Tensor,
        shift: Tensor,
        addend: Tensor | null,
        inputs: number,
        kernel = 3,
        stride = 1,
      ) =>
        callOperator(
          "reat::tile_convolution",
          input,
          forth,
          back,
          shift,
          addend,
          inputs,
          kernel,
          stride,
          false,
        );
      expect(() => call(centred(1, 16, 4, 4), bias, null, 16)).toThrow("takes maps [N, C/16, H, W, 16]");
      expect(() => call(maps, bias, null, 17)).toThrow("as many blocks as `inputs` fill");
      expect(() => call(maps, bias, null, 16, 5)).toThrow("takes kernels of 3×3 and 1×1");
      expect(() => call(maps, bias, null, 16, 3, 4)).toThrow("stride of 1 or 2");
      expect(() => call(maps, centred(15), null, 16)).toThrow("takes a bias [O]");
      expect(() => call(maps, centred(32), null, 16)).toThrow("that tile_convolution_weights made");
      expect(() => call(maps, bias, centred(1, 1, 4, 3, 16), 16)).toThrow("addend of its output's shape");
      expect(() => call(maps, bias.requiresGrad_(), null, 16)).toThrow(
        "gradients of its input and its addend alone",
      );
      expect(() => call(maps.to("float64"), centred(16), null, 16)).toThrow("float32 on the CPU");
    }));

  it("has no second derivative, and says so", () =>
    scope(() => {
      const maps = centred(1, 1, 4, 4, 16).requiresGrad_();
      const weights = prepareTileWeights(centred(16, 16, 3, 3), { kernel: 3, stride: 1 });
      const [result] = convolveTiles(maps, weights, centred(16), { addend: null, relu: false });
      expect(() => grad(result.mul(2).sum(), [maps], { createGraph: true })).toThrow("no second derivative");
      weights.forth.dispose();
      weights.back.dispose();
    }));
});

const standIn = needing(
  tileProcessor() === "avx512",
  "another processor",
  "only AVX-512 can stand in for another",
);
describe.runIf(tileProcessor() === "avx512")(standIn, () => {
  // The choice is made once in a process, by LibTorch's own switch.
  const program = `
    import { buildModel, Generator, grad, rand } from "reat";
import { callOperator } from "reat/tensor";
    const model = buildModel("small-resnet", { classes: 7, generator: new Generator(5) });
    const images = rand([3, 3, 32, 32], new Generator(7)).requiresGrad_();
    const answer = (mode) => model.withMode(mode, () => {
      const logits = model.logits(images);
      const [gradient] = grad(logits.mul(logits).sum(), [images]);
      return [logits, gradient].map((tensor) => tensor.flatten().toArray());
    });
    const processor = callOperator("reat::tile_convolution_processor");
    console.log(JSON.stringify({ processor, fast: answer("fast"), plain: answer("eval") }));
  `;
  const runs = (capability: string) =>
    JSON.parse(
      execFileSync(process.execPath, ["--input-type=module", "-e", program], {
        env: { ...process.env, ATEN_CPU_CAPABILITY: capability },
        encoding: "utf8",
      }),
    ) as { processor: string; fast: number[][]; plain: number[][] };

  it("computes the same with AVX2", () => {
    const { processor, fast, plain } = runs("avx2");
    expect(processor).toBe("avx2");
    for (const [index, values] of fast.entries()) {
      const expected = plain[index]!;
      const most = Math.max(...expected.map(Math.abs));
      const off = Math.max(...values.map((value, i) => Math.abs(value - expected[i]!)));
      expect(off / most).toBeLessThan(1e-5);
      expect(off).toBeGreaterThan(0);
    }
  });

  it("uses LibTorch's own convolutions where that is asked for", () => {
    expect(runs("default").processor).toBe("");
  });
});
