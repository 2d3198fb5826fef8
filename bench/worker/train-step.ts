// A training step as the trainer makes it, one batch after another.
import { buildModel, createMethod, Generator, methodOptions, SGD, scope, trainingBatches } from "reat";
import type { Batch } from "reat/data";
import { type Precision, setPrecision } from "reat/nn";
import { type Device, keep, synchronize } from "reat/tensor";
import { StepRunner } from "#reat/training/recorded-step.js";
import { EpochStatistics } from "#reat/training/statistics.js";
import type { TrainStepWork, Values } from "../work.js";
import { randomSplit } from "./long-tailed.js";
import type { Run } from "./run.js";

export function prepareTrainStep(work: TrainStepWork): Run {
  const { device = "cpu", steps = 1 } = work;
  const { draw, train, meanLoss } = stepper(work);
  return (): Values => {
    for (let step = 0; step < steps; step++) train(draw());
    if (device === "cpu") return {};
    // The trainer does so every ten batches. It waits until all work is done.
    const loss = meanLoss();
    synchronize(device);
    return { loss };
  };
}

/** Sets the precision for this process, and what training sets besides on a GPU. */
function computeIn(precision: Precision, device: Device): void {
  setPrecision(precision, device);
}

/** The two parts of a step, drawing an augmented batch and training on it, which frees the batch; and the mean loss so far. */
export function stepper({ method: name, model: architecture, counts, ...work }: TrainStepWork) {
  const { batchSize, attackSteps: steps, device = "cpu", precision = "float32", side = 32 } = work;
  computeIn(precision, device);
  const model = buildModel(architecture, { classes: counts.length, generator: new Generator(0) });
  if (device !== "cpu") {
    model.to(device);
    model.layOutWeights(precision === "float32" ? "contiguous" : "channelsLast");
  }
  const options = methodOptions.parse({ name, loss: "bsl", attack: { steps } });
  const method = createMethod(options, { classCounts: counts, device, epochs: 1 });
  const optimizer = new SGD(model.namedParameters(), {
    learningRate: 0.1,
    momentum: 0.9,
    weightDecay: 5e-4,
  });
  const statistics = new EpochStatistics(counts.length, device);
  const generator = new Generator(1, device);
  const plan = trainingBatches(randomSplit(counts, device, side), { batchSize, seed: 0, epoch: 0 });
  const whole = Math.max(1, Math.floor(plan.split.count / batchSize));
  model.setMode("train");
  method.beginEpoch(1);
  const runner = new StepRunner({ model, method, generator }, (message) => {
    throw new Error(message);
  });
  let step = 0;
  const draw = (): Batch => {
    const batch = plan.batch(step++ % whole);
    keep(batch.images);
    keep(batch.labels);
    return batch;
  };
  const train = (batch: Batch): void => {
    scope(() => {
      const { result, gradients } = runner.run(batch);
      optimizer.step(gradients);
      result.afterUpdate?.();
      statistics.add(result, batch.labels);
    });
    batch.images.dispose();
    batch.labels.dispose();
  };
  const meanLoss = (): number => {
    const { loss, images } = statistics.totals();
    return loss / images;
  };
  return { draw, train, meanLoss };
}
