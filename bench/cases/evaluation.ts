// PGD-20 evaluation beside the baseline's, with the same weights, images and start noise.
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { BenchCase } from "../case.js";
import { type EvaluationInput, writeEvaluationFile } from "../evaluation-file.js";
import type { EvaluationWork } from "../work.js";

const batchSize = 100;

/** @param folder where the file lies that both sides read */
export function evaluationCases(input: EvaluationInput, folder: string): readonly BenchCase[] {
  const identity = createHash("sha256").update(JSON.stringify(input)).digest("hex").slice(0, 12);
  const file = join(folder, `evaluation-${identity}.safetensors`);
  const work: EvaluationWork = {
    ...{ kind: "evaluation", model: "resnet18", classes: 10, batchSize, attackSteps: 20, file },
    seeds: Array.from({ length: Math.ceil(input.images / batchSize) }, (_, i) => i + 1),
  };
  return [
    {
      name: "evaluate/pgd-20",
      about: `clean and PGD-20 accuracy of a ResNet-18 on ${input.images} images`,
      ours: { label: "reat", runs: "reat", work },
      baseline: { label: "PyTorch", runs: "pytorch", work },
      prepare: (onProgress) => writeEvaluationFile(file, input, onProgress),
      warmUp: 0,
      mostRepeats: 3,
      numbers: (ours, baseline) => {
        const difference = (name: string) =>
          Math.abs((ours[0]?.values[name] ?? Number.NaN) - (baseline[0]?.values[name] ?? Number.NaN));
        return { cleanDifference: difference("clean"), robustDifference: difference("robust") };
      },
      targets: {
        ratio: { text: "at least 2 × faster than the baseline", atLeast: 2 },
        robustDifference: { text: "the same robust accuracy within one image", atMost: 1 },
      },
    },
  ];
}
