// Puts model, method, optimiser and random streams together as a configuration says, for training and for measuring.
import { createMethod, type Method, type Teacher } from "../methods/index.js";
import { buildModel, type DropPath, type ImageClassifier, WeightAverage } from "../nn/index.js";
import type { AdamW, Schedule, SGD } from "../optim/index.js";
import { type Device, Generator } from "../tensor/index.js";
import type { AveragedTraining } from "../training/index.js";
import { type Normalisation, NormalisedInput, normalisations } from "../weights/index.js";
import type { ExperimentConfig } from "./config/index.js";
import type { ExperimentData } from "./data.js";
import { optimiserOf } from "./optimiser.js";
import { layOut } from "./precision.js";
import { schedulesOf } from "./schedules.js";

/** What learns. Owns its tensors: dispose it, or hold it with `using`. */
export interface Learner extends Disposable {
  readonly model: ImageClassifier;
  /** Part of the model: without the normalisation of images. */
  readonly network: ImageClassifier;
  readonly method: Method;
  readonly optimizer: SGD | AdamW;
  /** `null` where the configuration names none. */
  readonly average: AveragedTraining | null;
  readonly learningRate: Schedule;
  /** `null` where it stays as the optimiser has it. */
  readonly momentum: Schedule | null;
  /** The training attack's stream. */
  readonly attackGenerator: Generator;
}

/** The configured statistics that images are normalised by; null for none. */
export function normalisationOf({ model: { normalise } }: ExperimentConfig): Normalisation | null {
  if (normalise === undefined) return null;
  if (typeof normalise === "string") return normalisations[normalise];
  return { mean: normalise.mean, deviation: normalise.std };
}

/** A freshly initialised network of images in [0, 1], in mode "train"; the normalisation is part of it. */
export function assembleModel(
  config: ExperimentConfig,
  data: ExperimentData,
  device: Device,
): ImageClassifier {
  return normalised(assembleNetwork(config, data, device), config);
}

function normalised(network: ImageClassifier, config: ExperimentConfig): ImageClassifier {
  const normalisation = normalisationOf(config);
  return normalisation ? new NormalisedInput(network, normalisation) : network;
}

/**
 * The network alone, without the configured normalisation of images.
 * @param dropPath for training; measurements leave no branch out
 */
export function assembleNetwork(
  config: ExperimentConfig,
  { dataset }: ExperimentData,
  device: Device,
  dropPath: DropPath | null = null,
): ImageClassifier {
  // Drawn on the CPU wherever the network will live, so that every device begins with the same weights.
  const generator = new Generator(config.seeds.initialisation, "cpu");
  const model = buildModel(config.model.architecture, {
    classes: dataset.classNames.length,
    generator,
    classifier: config.model.classifier,
    imageSize: dataset,
    dropPath,
  });
  if (device !== "cpu") model.to(device);
  layOut(model, device);
  return model;
}

/** Everything that training needs, at its beginning. */
export function assembleLearner(
  config: ExperimentConfig,
  data: ExperimentData,
  device: Device,
  teacher: Teacher | null = null,
): Learner {
  const { training, seeds } = config;
  const attackGenerator = new Generator(seeds.attack, device);
  const { dropPath: rate = 0 } = config.model;
  const dropPath = rate > 0 ? { rate, generator: attackGenerator } : null;
  const network = assembleNetwork(config, data, device, dropPath);
  const model = normalised(network, config);
  const method = createMethod(config.method, {
    classCounts: data.subset.counts,
    classNames: data.dataset.classNames,
    device,
    epochs: training.epochs,
    ...(teacher && { teacher }),
  });
  const optimizer = optimiserOf(model, training);
  const { weightAverage } = training;
  const average = weightAverage
    ? {
        weights: new WeightAverage(model, weightAverage.decay, weightAverage.warmUp),
        from: weightAverage.from,
      }
    : null;
  return {
    model,
    network,
    method,
    optimizer,
    average,
    ...schedulesOf(training, data.subset.train.length),
    attackGenerator,
    [Symbol.dispose]() {
      average?.weights.dispose();
      optimizer.dispose();
      method.dispose();
      model.dispose();
    },
  };
}
