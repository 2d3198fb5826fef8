// A training pass alone: what follows when a step's examples are made, without the optimiser.
import { buildModel, Generator, rand, scope } from "reat";
import { crossEntropy, grad, keep, randint } from "reat/tensor";
import type { TrainingPassWork } from "../work.js";
import type { Run } from "./run.js";

export function prepareTrainingPass({ model: architecture, classes, batchSize }: TrainingPassWork): Run {
  const model = buildModel(architecture, { classes, generator: new Generator(0) });
  const generator = new Generator(1);
  const images = keep(rand([batchSize, 3, 32, 32], generator));
  const labels = keep(randint(0, classes, [batchSize], generator));
  model.setMode("train");
  return () => {
    scope(() => {
      grad(crossEntropy(model.logits(images), labels), model.parameters());
    });
    return {};
  };
}
