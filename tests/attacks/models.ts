// Tiny classifiers with deterministic weights for the tests of attacks.
import type { Classifier } from "../../src/attacks/index.js";
import { conv2d, Generator, linear, randn, setThreads, type Tensor } from "../../src/tensor/index.js";

// On tensors this small a second thread only costs.
setThreads(1);

/** Three classes over [N,3,6,6] images; weights record gradients as a model in training does. */
export function tinyClassifier(seed: number, classes = 3): Classifier & { weights: Tensor[] } {
  const generator = new Generator(seed);
  const kernel = randn([4, 3, 3, 3], generator).mul(0.5).requiresGrad_();
  const weight = randn([classes, 4 * 36], generator)
    .mul(0.2)
    .requiresGrad_();
  return {
    weights: [kernel, weight],
    logits: (images) => linear(conv2d(images, kernel, null, { padding: 1 }).relu().flatten(1), weight, null),
  };
}
