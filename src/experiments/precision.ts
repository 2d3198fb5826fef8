// The configuration's precisions, set where networks compute.
import { currentPrecision, type ImageClassifier, type Precision, setPrecision } from "../nn/index.js";
import type { Device } from "../tensor/index.js";
import type { ExperimentConfig } from "./config/index.js";

type ShortPrecision = Exclude<Precision, "float32">;

/** What `precision: auto` stands for: on a GPU what PyTorch's convolutions do unless they are told otherwise. */
function trainingPrecision({ precision }: ExperimentConfig, device: Device): Precision {
  if (precision !== "auto") return precision;
  return device === "cpu" ? "float32" : "tf32";
}

/**
 * Refuses a precision that the device does not have. To be called before anything is read.
 * @throws ReatError `config` naming it
 */
export function requirePrecisions(config: ExperimentConfig, device: Device): void {
  for (const precision of [trainingPrecision(config, device), config.evaluation.precision]) {
    setPrecision(precision, device)[Symbol.dispose]();
  }
}

/** The training's precision until it is disposed. */
export function duringTraining(config: ExperimentConfig, device: Device): Disposable {
  return setPrecision(trainingPrecision(config, device), device);
}

/** The precision of evaluations until it is disposed, with the network laid out for it. */
export function duringEvaluation(
  { evaluation }: ExperimentConfig,
  device: Device,
  model: ImageClassifier,
): Disposable {
  const precision = setPrecision(evaluation.precision, device);
  layOut(model, device);
  return precision;
}

/** Gives a network's weights the memory layout that the current precision is fastest with. */
export function layOut(model: ImageClassifier, device: Device): void {
  if (device === "cpu") return;
  model.layOutWeights(currentPrecision() === "float32" ? "contiguous" : "channelsLast");
}

/** The precision as a result records it; nothing for float32. */
export function precisionRecord({ evaluation }: ExperimentConfig): { readonly precision?: ShortPrecision } {
  return evaluation.precision === "float32" ? {} : { precision: evaluation.precision };
}
