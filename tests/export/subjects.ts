// Untrained classifiers to export: what their weights are does not matter, but no value may be one that hides a mistake.
import { TrainedClassifier } from "../../src/experiments/index.js";
import { type ClassifierDescription, correctionOf } from "../../src/export/index.js";
import { methodOptions } from "../../src/methods/index.js";
import { Generator, noGrad, rand, scope } from "../../src/tensor/index.js";

/** Statistics, slopes and shifts of norms differ from channel to channel. */
export function untrained(parts: Partial<ClassifierDescription> = {}): TrainedClassifier {
  const method = parts.method ?? methodOptions.parse({ name: "pgd-at" });
  const classNames = parts.classNames ?? ["ant", "bee", "cat"];
  const classCounts = parts.classCounts ?? classNames.map((_, id) => 40 - 10 * id);
  const classifier = new TrainedClassifier(
    {
      name: "untrained",
      architecture: "small-resnet",
      classifier: "linear",
      imageSize: { height: 16, width: 16 },
      preprocessing: { resize: null, crop: null, orientation: "apply" },
      normalisation: null,
      source: { checkpoint: "last", epoch: 1, averaged: false, reat: "0.0.0" },
      ...parts,
      ...{ method, classNames, classCounts, correction: correctionOf(method, classCounts) },
    },
    "cpu",
  );
  const generator = new Generator(7);
  scope(() =>
    noGrad(() => {
      for (const [name, tensor] of classifier.network.stateDict()) {
        if (tensor.ndim === 1 && tensor.dtype === "float32" && !name.startsWith("fc")) {
          tensor.copy_(rand(tensor.shape, generator).add(0.5));
        }
      }
    }),
  );
  return classifier;
}
