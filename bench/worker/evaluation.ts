// Clean and PGD accuracy of given weights on given images, as `evaluate` measures them.
import { readFileSync } from "node:fs";
import { buildModel, evaluate, Generator, noGrad, pgd, rand, scope, type Tensor } from "reat";
import type { ClassGroup } from "reat/data";
import { keep } from "reat/tensor";
import { decodeSafetensors, restoreTensor } from "reat/training";
import type { AutoAttackWork, EvaluationWork } from "../work.js";
import type { Run } from "./run.js";

const [epsilon, stepSize] = [8 / 255, 2 / 255];

/** The network in the file, and the images and labels beside it. */
export function readEvaluationFile({ file, model: name, classes }: EvaluationWork | AutoAttackWork) {
  const { tensors } = decodeSafetensors(readFileSync(file), file);
  const model = buildModel(name, { classes, generator: new Generator(0) });
  const [images, labels] = scope(() => {
    const all = new Map([...tensors].map(([name, stored]) => [name, restoreTensor(stored)]));
    const [images, labels] = [all.get("images")!, all.get("labels")!];
    all.delete("images");
    all.delete("labels");
    model.loadStateDict(all);
    return [keep(images), keep(labels)] as const;
  });
  return { model, images, labels };
}

export function prepareEvaluation(work: EvaluationWork): Run {
  const { batchSize, seeds, classes, attackSteps: steps } = work;
  const { model, images, labels } = readEvaluationFile(work);
  const size = images.shape[0]!;
  const count = Math.ceil(size / batchSize);
  const batch = (index: number) => {
    const [from, to] = [index * batchSize, Math.min(size, (index + 1) * batchSize)];
    return { images: images.slice(0, from, to).to("float32").div(255), labels: labels.slice(0, from, to) };
  };
  const groups: ClassGroup[] = Array.from({ length: classes }, () => "head");
  return async () => {
    let index = 0;
    // The baseline draws the same noise from the same seeds, so that both start their attacks at the same points.
    const start = (like: Tensor) => {
      const noise = noGrad(() => rand(like.shape, new Generator(seeds[index++]!)));
      return noise.mul_(2 * epsilon).sub_(epsilon);
    };
    const attack = pgd({ norm: "linf", epsilon, stepSize, steps, start, clampStart: true });
    const { clean, attacks } = await evaluate({
      ...{ model, batches: { count, batch }, groups, seed: 0 },
      attacks: [{ name: `pgd-${steps}`, attack }],
    });
    const correct = (accuracy: number) => Math.round(accuracy * size);
    return { clean: correct(clean.accuracy), robust: correct(attacks[0]!.report.accuracy) };
  };
}
