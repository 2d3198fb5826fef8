// A training step as the trainer makes it, one batch after another.
import { buildModel, createMethod, Generator, grad, methodOptions, SGD, scope, trainingBatches } from "reat";
import type { Batch } from "reat/data";
import { keep } from "reat/tensor";
import { EpochStatistics } from "#reat/training/statistics.js";
import type { TrainStepWork } from "../work.js";
import { randomSplit } from "./long-tailed.js";
import type { Run } from "./run.js";

export function prepareTrainStep(work: TrainStepWork): Run {
  const { draw, train } = stepper(work);
  return () => {
    train(draw());
    return {};
  };
}

/** A step in its two parts: drawing an augmented batch, and training on it, which frees it. */
export function stepper({ method: name, model: architecture, counts, ...work }: TrainStepWork) {
  const { batchSize, attackSteps: steps } = work;
  const model = buildModel(architecture, { classes: counts.length, generator: new Generator(0) });
  const options = methodOptions.parse({ name, loss: "bsl", attack: { steps } });
  const method = createMethod(options, { classCounts: counts, device: "cpu", epochs: 1 });
  const optimizer = new SGD(model.namedParameters(), {
    learningRate: 0.1,
    momentum: 0.9,
    weightDecay: 5e-4,
  });
  const statistics = new EpochStatistics(counts.length, "cpu");
  const generator = new Generator(1);
  const plan = trainingBatches(randomSplit(counts), { batchSize, seed: 0, epoch: 0 });
  const whole = Math.max(1, Math.floor(plan.split.count / batchSize));
  model.setMode("train");
  method.beginEpoch(1);
  let step = 0;
  const draw = (): Batch => {
    const batch = plan.batch(step++ % whole);
    keep(batch.images);
    keep(batch.labels);
    return batch;
  };
  const train = (batch: Batch): void => {
    scope(() => {
      const result = method.step(batch, { model, generator });
      optimizer.step(grad(result.loss, model.parameters()));
      result.afterUpdate?.();
      statistics.add(result, batch.labels);
    });
    batch.images.dispose();
    batch.labels.dispose();
  };
  return { draw, train };
}
