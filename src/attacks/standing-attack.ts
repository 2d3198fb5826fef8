// An attack that works on standing images only, and what whoever runs several of them already knows of the images.
import type { Generator, Tensor } from "../tensor/index.js";
import type { Attack } from "./attack.js";
import type { Classifier } from "./classifier.js";

/** What is known of a batch of images before it is attacked. */
export interface KnownImages {
  /** The model's plain logits, [N, classes], so that they are not computed again. */
  readonly logits?: Tensor;
  /** A seed for each image, from 0 to 2^53 − 1: its random numbers then depend on no other image of the batch. */
  readonly seeds?: readonly number[];
}

/** APGD, FAB and Square: images that are fooled come back misclassified, all others unchanged. */
export interface StandingAttack extends Attack {
  readonly confirmsExamples: true;
  /**
   * As every attack's, from [N, channels, height, width] in [0, 1] to the same shape. If the model has fast logits, examples are looked for with them, and its plain logits confirm each.
   * @param known Default: logits are computed, and seeds are drawn from `generator`
   */
  perturb(
    model: Classifier,
    images: Tensor,
    labels: Tensor,
    generator: Generator,
    known?: KnownImages,
  ): Tensor;
}
