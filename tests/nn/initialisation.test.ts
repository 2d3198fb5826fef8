// Default initialisation equals PyTorch's, number by number.
import { expect, it } from "vitest";
import { BatchNorm, Conv2d, Linear } from "../../src/nn/index.js";
import { Generator, type Tensor } from "../../src/tensor/index.js";

const first = (tensor: Tensor, count: number) => tensor.toArray().slice(0, count);

// Made by PyTorch 1.13 (CPU) with
//   torch.manual_seed(7); c = torch.nn.Conv2d(3, 4, 3); l = torch.nn.Linear(10, 3)
it("draws the same weights and biases from the same seed, in the order of construction", () => {
  const generator = new Generator(7);
  const convolution = new Conv2d(3, 4, generator, { bias: true });
  const linear = new Linear(10, 3, generator);
  expect(first(convolution.weight, 4)).toEqual([
    0.013441692106425762, -0.1159307062625885, 0.06128061190247536, 0.06038709357380867,
  ]);
  expect(convolution.weight.to("float64").sum().item()).toBeCloseTo(0.10845294431783259, 12);
  expect(convolution.bias!.toArray()).toEqual([
    -0.11130879819393158, 0.0888964831829071, -0.051853328943252563, 0.12268956005573273,
  ]);
  expect(first(linear.weight, 4)).toEqual([
    0.07536430656909943, 0.0078016421757638454, 0.06638496369123459, -0.23761923611164093,
  ]);
  expect(linear.weight.to("float64").sum().item()).toBeCloseTo(-0.6355788880027831, 12);
  expect(linear.bias.toArray()).toEqual([0.04068215936422348, -0.10451693832874298, -0.2935750484466553]);
});

it("starts batch normalisation as the identity", () => {
  const norm = new BatchNorm(2);
  expect(Array.from(norm.stateDict(), ([name, tensor]) => [name, tensor.toArray(), tensor.dtype])).toEqual([
    ["weight", [1, 1], "float32"],
    ["bias", [0, 0], "float32"],
    ["running_mean", [0, 0], "float32"],
    ["running_var", [1, 1], "float32"],
    ["num_batches_tracked", [0], "int64"],
  ]);
});
