// Keys of optimiser and fine-tuning that do nothing, or can only go wrong, beside others.
import type { z } from "zod";
import { dropPathNetworks } from "../../nn/index.js";
import type { Problem } from "./problems.js";
import type { experimentSchema } from "./schema.js";

type Parsed = Pick<z.output<typeof experimentSchema>, "training" | "model">;

/** SGD's default momentum, which a configuration of AdamW has without having named it. */
const defaultMomentum = 0.9;
/** AdamW moves every parameter by about the learning rate in each step, whatever the gradient: above this, weights are lost in the first ones. */
const highestAdamWRate = 0.02;

/** One problem for each such key. */
export function fineTuningContradictions({ training, model }: Parsed): Problem[] {
  const { optimizer, adamw, learningRate, momentum, nesterov, backbone, epochs } = training;
  const problems: Problem[] = [];
  const add = (key: string, text: string) => problems.push({ key: `training.${key}`, text });
  if (optimizer === "adamw") {
    if (learningRate > highestAdamWRate) {
      add(
        "learningRate",
        `is ${learningRate}, a rate of SGD's; accepted with training.optimizer adamw: up to ${highestAdamWRate}, usual are 1e-5 to 1e-3.`,
      );
    }
    if (nesterov) add("nesterov", "is true, but AdamW has no such form; accepted with it: false.");
    if (momentum !== defaultMomentum) {
      add("momentum", `is ${momentum}, but AdamW's is training.adamw.beta1; accepted with it: no momentum.`);
    }
  } else if (adamw) {
    add(
      "adamw",
      "is set, but training.optimizer is sgd; accepted: training.optimizer adamw, or no constants of it.",
    );
  }
  if (backbone && backbone.frozenEpochs >= epochs) {
    add(
      "backbone.frozenEpochs",
      `is ${backbone.frozenEpochs}, but training ends with epoch ${epochs}; accepted: fewer epochs than the training has.`,
    );
  }
  if ((model.dropPath ?? 0) > 0 && !dropPathNetworks.includes(model.architecture)) {
    problems.push({
      key: "model.dropPath",
      text: `is ${model.dropPath}, but ${model.architecture} has no stochastic depth; accepted with it: 0; networks with it: ${dropPathNetworks.join(", ")}.`,
    });
  }
  if (model.weightsKey !== undefined && model.weights === undefined) {
    problems.push({
      key: "model.weightsKey",
      text: "is set without model.weights, the file whose part it names; accepted: both, or neither.",
    });
  }
  return problems;
}
