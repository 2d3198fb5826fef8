// Convolutions with their ending in one operation: the values and gradients of the same steps one by one.
import { describe, expect, it } from "vitest";
import { convolveActivated } from "../../src/nn/fast/activated-convolution.js";
import {
  conv2d,
  type DType,
  Generator,
  grad,
  liveTensors,
  randn,
  scope,
  type Tensor,
} from "../../src/tensor/index.js";

interface Case {
  readonly kernel: number;
  readonly stride: number;
  readonly relu: boolean;
  readonly addend: boolean;
}

const cases: Case[] = [1, 3].flatMap((kernel) =>
  [1, 2].flatMap((stride) =>
    [true, false].flatMap((relu) => [true, false].map((addend) => ({ kernel, stride, relu, addend }))),
  ),
);

const inputs = 5;
const outputs = 7;

function make({ kernel, stride, addend }: Case, dtype: DType) {
  const generator = new Generator(kernel * 10 + stride);
  const side = 9;
  const outside = Math.ceil(side / stride);
  const like = (shape: readonly number[]) => randn(shape, generator, dtype);
  return {
    maps: like([2, inputs, side, side]).requiresGrad_(),
    weight: like([outputs, inputs, kernel, kernel]),
    bias: like([outputs]),
    addend: addend ? like([2, outputs, outside, outside]).requiresGrad_() : null,
    geometry: { stride, padding: (kernel - 1) / 2 },
  };
}

/** The result and all gradients of a value in which the maps occur twice, as beside a shortcut. */
function values(
  { maps, addend }: { readonly maps: Tensor; readonly addend: Tensor | null },
  [output, again]: readonly [Tensor, Tensor],
): number[][] {
  const value = output.mul(output).sum().add(again.mul(again).mul(again).sum());
  return [output, ...grad(value, addend ? [maps, addend] : [maps])].map((tensor) => tensor.toArray());
}

describe.each(cases)("kernel $kernel, stride $stride, relu $relu, addend $addend", (given) => {
  it.each([false, true])("fused %s", (fused) =>
    scope(() => {
      const made = make(given, "float64");
      const { maps, weight, bias, addend, geometry } = made;
      const plain = conv2d(maps, weight, bias, geometry);
      const sum = addend ? plain.add(addend) : plain;
      const expected = values(made, [given.relu ? sum.relu() : sum, maps]);
      const ending = { addend, relu: given.relu };
      const actual = values(made, convolveActivated(maps, weight, bias, geometry, ending, fused));
      expect(actual.length).toBe(expected.length);
      for (const [index, array] of expected.entries()) {
        const furthest = Math.max(...array.map((value, i) => Math.abs(value - actual[index]![i]!)));
        expect(furthest).toBeLessThan(1e-10);
      }
    }),
  );
});

it("refuses weights that want a gradient and a bias of another size, and leaves nothing behind", () => {
  const before = liveTensors();
  scope(() => {
    const { maps, weight, bias, geometry } = make(cases[0]!, "float32");
    const ending = { addend: null, relu: true };
    const call = (w: Tensor, b: Tensor) => convolveActivated(maps, w, b, geometry, ending, false);
    expect(() => call(weight, bias.slice(0, 0, 3))).toThrow("takes a bias [O]");
    expect(() => call(weight.requiresGrad_(), bias)).toThrow("gradients of its input and its addend alone");
  });
  expect(liveTensors()).toBe(before);
});
