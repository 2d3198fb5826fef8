// A tiny network with batch normalisation that remembers the images it was trained on.

import type { Method, StepContext, TrainingBatch } from "../../src/methods/index.js";
import { BatchNorm, Conv2d, ImageClassifier, Linear } from "../../src/nn/index.js";
import {
  Generator,
  grad,
  keep,
  noGrad,
  rand,
  scope,
  setThreads,
  type Tensor,
  tensor,
} from "../../src/tensor/index.js";

// On tensors this small a second thread only costs.
setThreads(1);

export const classCounts = [40, 12, 4, 2];

export class TinyModel extends ImageClassifier {
  override readonly architecture = "tiny";
  override readonly featureSize = 5;
  override readonly classes = classCounts.length;
  readonly norm = this.child("norm", new BatchNorm(5));
  readonly conv;
  readonly head;
  /** The images of the last forward pass in mode "train". */
  trainedOn: Tensor | undefined;

  constructor(seed: number) {
    super();
    const generator = new Generator(seed);
    this.conv = this.child("conv", new Conv2d(3, 5, generator));
    this.head = this.child("head", new Linear(5, this.classes, generator));
    // Statistics far from any batch's, so that the two modes of batch normalisation differ clearly.
    this.norm.runningMean.fill_(0.3);
    this.norm.runningVar.fill_(0.02);
  }

  override features(images: Tensor): Tensor {
    if (this.mode === "train" && images !== this.trainedOn) {
      const copy = keep(images.detach().clone());
      this.trainedOn?.dispose();
      this.trainedOn = copy;
    }
    return this.norm.forward(this.conv.forward(images)).relu().mean([2, 3]);
  }

  override classify(features: Tensor): Tensor {
    return this.head.forward(features.mul(8));
  }
}

/** A batch of 16 images of 8×8 with every class in it. */
export function batchOf(seed: number, dtype: "float32" | "float64" = "float32"): TrainingBatch {
  const images = rand([16, 3, 8, 8], new Generator(seed), dtype);
  const values = Array.from({ length: 16 }, (_, index) => ((index * (seed + 3)) % 7) % classCounts.length);
  return { images, labels: tensor(values, { dtype: "int64" }) };
}

/** One step of plain gradient descent with the method; returns the loss. */
export function descend(method: Method, batch: TrainingBatch, context: StepContext): number {
  return scope(() => {
    const { loss } = method.step(batch, context);
    const parameters = context.model.parameters();
    const gradients = grad(loss, parameters);
    noGrad(() => {
      for (const [index, parameter] of parameters.entries()) parameter.addScaled_(gradients[index], -0.05);
    });
    return loss.item();
  });
}
