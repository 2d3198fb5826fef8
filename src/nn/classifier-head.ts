// The last layer of a network, of the kind that is asked for.
import { ReatError } from "../errors.js";
import type { Generator } from "../tensor/index.js";
import { acceptedClassifiers, type ClassifierName, CosineLinear, parseClassifier } from "./cosine-linear.js";
import { Linear } from "./linear.js";
import type { Layer } from "./module.js";

/**
 * Features [N, inputs] to logits [N, classes]. "linear": with bias; "cosine": RoBal's, with γ = 1/32 or the one that is named
 * and scale 1, as its loss brings the scale; "normalised": plain cosines times 16.
 * @throws ReatError `config` for an unknown classifier
 */
export function classifierHead(
  name: ClassifierName,
  inputs: number,
  classes: number,
  generator: Generator,
): Layer {
  const parsed = parseClassifier(name);
  if (!parsed)
    throw new ReatError("config", `There is no classifier "${name}": choose one of ${acceptedClassifiers}.`);
  switch (parsed.kind) {
    case "linear":
      return new Linear(inputs, classes, generator);
    case "cosine":
      return new CosineLinear(inputs, classes, generator, { scale: 1, gamma: parsed.gamma });
    case "normalised":
      return new CosineLinear(inputs, classes, generator, { scale: 16, gamma: 0 });
  }
}
