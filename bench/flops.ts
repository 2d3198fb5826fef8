// Floating-point operations of a network's convolutions and linear layer, counted from its description.
import { type ResNetDescription, resnet18, smallResNet } from "reat/nn";

const descriptions: Readonly<Record<"resnet18" | "small-resnet", ResNetDescription>> = {
  resnet18,
  "small-resnet": smallResNet,
};

/** Operations of one forward pass of one 32×32 image, a multiply-add counted as two. Basic blocks only. */
export function forwardFlops(model: keyof typeof descriptions, classes: number): number {
  const { stemWidth, stemStride, stages } = descriptions[model];
  let side = 32 / stemStride;
  const convolution = (kernel: number, inputs: number, outputs: number) =>
    2 * kernel ** 2 * inputs * outputs * side ** 2;
  let total = convolution(3, 3, stemWidth);
  let channels = stemWidth;
  for (const { width, blocks, stride } of stages) {
    for (let block = 0; block < blocks; block++) {
      const reduces = block === 0 ? stride : 1;
      side /= reduces;
      total += convolution(3, channels, width) + convolution(3, width, width);
      if (reduces !== 1 || channels !== width) total += convolution(1, channels, width);
      channels = width;
    }
  }
  return total + 2 * channels * classes;
}

/** An attack step is a forward pass and a gradient of the images: each convolution once in either direction. */
export function attackStepFlops(
  model: keyof typeof descriptions,
  classes: number,
  batchSize: number,
): number {
  return 2 * forwardFlops(model, classes) * batchSize;
}
