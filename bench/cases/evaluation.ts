// PGD-20 evaluation beside the baseline's, with the same weights, images and start noise; AutoAttack through tiles and plainly.
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { BenchCase } from "../case.js";
import { type EvaluationInput, writeEvaluationFile } from "../evaluation-file.js";
import type { EvaluationWork } from "../work.js";

const batchSize = 100;

/** Of an ensemble, which passes each image some ten thousand times, unless a number is asked for. */
const ensembleImages = 100;

/**
 * @param images of the evaluation; undefined for `usualImages`, and fewer for the ensemble
 * @param folder where the files lie that both sides read
 */
export function evaluationCases(
  { images, ...of }: Omit<EvaluationInput, "images"> & { readonly images: number | undefined },
  usualImages: number,
  folder: string,
): readonly BenchCase[] {
  return [
    pgdCase({ ...of, images: images ?? usualImages }, folder),
    ensembleCase({ ...of, images: images ?? ensembleImages }, folder),
  ];
}

/** A file's name that tells what is in it. */
function fileOf(input: EvaluationInput, folder: string): string {
  const identity = createHash("sha256").update(JSON.stringify(input)).digest("hex").slice(0, 12);
  return join(folder, `evaluation-${identity}.safetensors`);
}

function ensembleCase(input: EvaluationInput, folder: string): BenchCase {
  const file = fileOf(input, folder);
  const work = { kind: "auto-attack", model: "resnet18", classes: 10, file } as const;
  return {
    name: "evaluate/autoattack",
    about: `AutoAttack standard, l∞, 8/255, of a ResNet-18 on ${input.images} images, through tiles and by the plain network alone`,
    ours: { label: "tiles", runs: "reat", work: { ...work, tiles: true } },
    baseline: { label: "plain", runs: "reat", work: { ...work, tiles: false } },
    prepare: (onProgress) => writeEvaluationFile(file, input, onProgress),
    warmUp: 0,
    mostRepeats: 1,
    numbers: ([ours], [baseline]) => {
      const { robust = Number.NaN, unconfirmed = Number.NaN } = ours?.values ?? {};
      const { robust: plainly = Number.NaN } = baseline?.values ?? {};
      return { robust, unconfirmed, robustDifference: Math.abs(robust - plainly) };
    },
    targets: {
      ratio: { text: "at most half of the time without tiles", atLeast: 2 },
      robustDifference: { text: "the same robust accuracy within one image", atMost: 1 },
    },
  };
}

function pgdCase(input: EvaluationInput, folder: string): BenchCase {
  const file = fileOf(input, folder);
  const work: EvaluationWork = {
    ...{ kind: "evaluation", model: "resnet18", classes: 10, batchSize, attackSteps: 20, file },
    seeds: Array.from({ length: Math.ceil(input.images / batchSize) }, (_, i) => i + 1),
  };
  return {
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
  };
}
