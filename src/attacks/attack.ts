// What every attack is: a named, bounded perturbation of images against a classifier.
import type { Generator, Tensor } from "../tensor/index.js";
import type { Classifier } from "./classifier.js";

/** Makes adversarial examples. The model's mode (batch normalisation) is the caller's choice and is not changed. */
export interface Attack {
  /** How results refer to it, such as "pgd-20". */
  readonly name: string;
  /**
   * Whether it only follows gradients, while others judge whether its examples fool the model. Coarser rounding
   * while they are made then does no harm: `evaluate` makes them in mode "fast" and judges them in mode "frozen".
   */
  readonly followsGradients?: boolean;
  /**
   * Whether it looks for examples with a model's fast logits, if it has them, and counts those alone that the plain ones confirm. An
   * evaluation then gives it a model that has them.
   */
  readonly confirmsExamples?: boolean;
  /**
   * @param images [N, channels, height, width], floating point, in [0, 1]; not changed
   * @param labels int64 [N]
   * @param generator source of the start noise, on the images' device
   * @returns adversarial images of the images' shape and dtype, outside the recorded graph
   * @throws ReatError `data` when images leave [0, 1]; `numerics` when the objective becomes NaN or infinite
   */
  perturb(model: Classifier, images: Tensor, labels: Tensor, generator: Generator): Tensor;
}
