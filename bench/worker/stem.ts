// The first convolution of networks in their ImageNet form, by itself: forward, and back to the gradient of the images.
import { Generator, grad, rand, scope } from "reat";
import { conv2d, keep } from "reat/tensor";
import type { StemWork } from "../work.js";
import type { Run } from "./run.js";

export function prepareStem({ batchSize, side, times }: StemWork): Run {
  const generator = new Generator(0);
  const weight = keep(rand([64, 3, 7, 7], generator));
  const images = keep(rand([batchSize, 3, side, side], generator));
  return () => {
    for (let time = 0; time < times; time++) {
      scope(() => {
        const point = images.detach().requiresGrad_();
        grad(conv2d(point, weight, null, { stride: 2, padding: 3 }).sum(), [point]);
      });
    }
    return {};
  };
}
