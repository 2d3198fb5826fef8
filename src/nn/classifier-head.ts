// The last layer of a network, of the kind that is asked for.
import type { Generator } from "../tensor/index.js";
import { type ClassifierName, CosineLinear, robalGamma } from "./cosine-linear.js";
import { Linear } from "./linear.js";
import type { Layer } from "./module.js";

/**
 * Features [N, inputs] to logits [N, classes]. "linear": with bias; "cosine": RoBal's, with γ = 1/32 and scale 1, as its
 * loss brings the scale; "normalised": plain cosines times 16.
 */
export function classifierHead(
  kind: ClassifierName,
  inputs: number,
  classes: number,
  generator: Generator,
): Layer {
  switch (kind) {
    case "linear":
      return new Linear(inputs, classes, generator);
    case "cosine":
      return new CosineLinear(inputs, classes, generator, { scale: 1, gamma: robalGamma });
    case "normalised":
      return new CosineLinear(inputs, classes, generator, { scale: 16, gamma: 0 });
  }
}
