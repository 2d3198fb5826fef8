// The model as a method uses it for classification: some methods correct the logits at inference.
import { ImageClassifier } from "../nn/index.js";
import type { Tensor } from "../tensor/index.js";
import type { MethodSetup } from "./method.js";
import type { MethodEntry } from "./method-entry.js";
import { type MethodOptions, methods } from "./methods.js";

/** A network whose logits pass through a function. Its tensors stay the network's, which frees them. */
class CorrectedClassifier extends ImageClassifier {
  override readonly architecture;
  override readonly classes;
  override readonly featureSize;
  readonly #network;
  readonly #correct;

  constructor(network: ImageClassifier, correct: (logits: Tensor) => Tensor) {
    super();
    this.#network = this.child("network", network);
    this.#correct = correct;
    this.architecture = network.architecture;
    this.classes = network.classes;
    this.featureSize = network.featureSize;
  }

  override features(images: Tensor): Tensor {
    return this.#network.features(images);
  }

  override classify(features: Tensor): Tensor {
    return this.#correct(this.#network.classify(features));
  }
}

/**
 * What to measure and use of a network trained with these options: the network itself, or, for a method with
 * an inference rule (RoBal), the network with its logits corrected. Attacks on it see the corrected logits.
 */
export function inferenceModel(
  options: MethodOptions,
  setup: Pick<MethodSetup, "classCounts">,
  model: ImageClassifier,
): ImageClassifier {
  const entry = methods[options.name] as MethodEntry<MethodOptions>;
  const correct = entry.inference?.(options, setup);
  return correct ? new CorrectedClassifier(model, correct) : model;
}
