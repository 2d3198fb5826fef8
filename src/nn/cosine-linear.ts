// Classifiers that look at the direction of the features and of their weights.
import { parseFraction } from "../fraction.js";
import { type Generator, linear, type Tensor } from "../tensor/index.js";
import { defaultWeight } from "./initialisation.js";
import { Layer } from "./module.js";

/** How the last layer makes logits of features. */
export const classifierNames = ["linear", "cosine", "normalised"] as const;

/** One of `classifierNames`, or "cosine:<γ>" such as "cosine:1/16" for a γ other than 1/32. */
export type ClassifierName = (typeof classifierNames)[number] | `cosine:${string}`;

/** Added to the norm of a class's weight by RoBal's classifier; released for CIFAR-100 in variant R, it is 1/16. */
export const robalGamma = 1 / 32;

/** What a classifier's name takes, in words. */
export const acceptedClassifiers = "linear, cosine, cosine:<γ> such as cosine:1/16, normalised";

/** Kind and γ that a classifier's name stands for; null where it is none. γ is 0 but for "cosine". */
export function parseClassifier(
  name: string,
): { readonly kind: (typeof classifierNames)[number]; readonly gamma: number } | null {
  const [plain, text] = name.split(":", 2) as [string, string?];
  const kind = classifierNames.find((known) => known === plain);
  if (!kind) return null;
  if (text === undefined) return { kind, gamma: kind === "cosine" ? robalGamma : 0 };
  const gamma = kind === "cosine" ? parseFraction(text) : null;
  return gamma !== null && gamma >= 0 ? { kind, gamma } : null;
}

/** Constants of a `CosineLinear`. */
export interface CosineOptions {
  /** Factor of the cosines. */
  readonly scale: number;
  /** γ, added to the norm of each class's weight. */
  readonly gamma: number;
}

/**
 * z_k = scale · (f/‖f‖) · (w_k/(‖w_k‖ + γ)), without bias: [N, inputs] to [N, outputs]. "cosine" is RoBal's (γ = 1/32,
 * scale 1: its loss brings the scale), "normalised" the field's plain one (γ = 0, scale 16).
 */
export class CosineLinear extends Layer {
  readonly weight: Tensor;

  constructor(
    inputs: number,
    outputs: number,
    generator: Generator,
    readonly options: CosineOptions,
  ) {
    super();
    this.weight = this.parameter("weight", defaultWeight([outputs, inputs], generator));
  }

  override forward(features: Tensor): Tensor {
    const { scale, gamma } = this.options;
    // Features that are all zero have no direction: they get cosines of 0 instead of NaN.
    const direction = features.div(features.norm(2, 1, true).clamp(1e-12, null));
    const weights = this.weight.div(this.weight.norm(2, 1, true).add(gamma));
    const cosines = linear(direction, weights, null);
    return scale === 1 ? cosines : cosines.mul(scale);
  }
}
