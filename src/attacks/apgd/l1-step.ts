// APGD's step and step-size rule for l1 (Croce and Hein 2021): sparse steps whose sparsity follows the perturbation's.
import { fullLike, type Tensor } from "../../tensor/index.js";
import { perSample, projectOnL1Ball, sampleDims } from "../geometry/index.js";

/** What the rule remembers of each sample: the share of pixels a step may touch, and how many differed at the last checkpoint. */
export interface L1Memory {
  density: Tensor;
  changedBefore: Tensor;
}

interface L1State extends L1Memory {
  readonly images: Tensor;
  readonly point: Tensor;
  readonly gradient: Tensor;
  readonly stepSize: Tensor;
  readonly best: Tensor;
  readonly bestGradient: Tensor;
}

const firstDensity = 0.2;
/** Factor between the pixels that differ and those that the next steps may touch, and between two step sizes. */
const factor = 1.5;
const leastStep = 0.1;

function changed(point: Tensor, images: Tensor): Tensor {
  return point.ne(images).to(images.dtype).sum(sampleDims(images));
}

function pixels(images: Tensor): number {
  return images.shape.slice(1).reduce((product, size) => product * size, 1);
}

/** @param continued the start was found by an earlier run, so its sparsity is the one to begin with */
export function startL1(images: Tensor, start: Tensor, continued: boolean): L1Memory {
  const differing = changed(start, images);
  if (continued) return { density: differing.div(pixels(images) * factor), changedBefore: differing };
  return { density: fullLike(differing, firstDensity), changedBefore: fullLike(differing, pixels(images)) };
}

export function apgdL1Step(state: L1State, epsilon: number): Tensor {
  const { images, point, gradient, stepSize, density } = state;
  const size = pixels(images);
  const strength = gradient.abs();
  const rank = density
    .mul(-1)
    .add_(1)
    .mul_(size)
    .clamp_(0, size - 1)
    .to("int64")
    .unsqueeze(1);
  const threshold = strength.flatten(1).sort(1).values.gather(1, rank).squeeze(1);
  const direction = gradient.sign().mul_(strength.ge(perSample(threshold, images)).to(images.dtype));
  const touched = direction.norm(1, sampleDims(images), true).add_(1e-10);
  const delta = direction.mul_(perSample(stepSize, images)).div_(touched).add_(point).sub_(images);
  return projectOnL1Ball(images, delta, epsilon).add_(images).clamp_(0, 1);
}

/** At a checkpoint: where the perturbation became clearly sparser, start anew with long steps from the best point; elsewhere shorten them. */
export function checkL1(state: L1State, epsilon: number) {
  const { images, best, stepSize } = state;
  const differing = changed(best, images);
  const sparser = differing.div(state.changedBefore).lt(0.95);
  const whole = perSample(sparser, images);
  return {
    density: differing.div(pixels(images) * factor),
    changedBefore: differing,
    stepSize: fullLike(stepSize, epsilon)
      .where(sparser, stepSize.div(factor))
      .clamp_(epsilon * leastStep, epsilon),
    point: best.where(whole, state.point),
    gradient: state.bestGradient.where(whole, state.gradient),
  };
}
