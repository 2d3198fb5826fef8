// Preparing data: packing images, loading the packed file, augmented batches.
import { existsSync } from "node:fs";
import { scope, trainingBatches } from "reat";
import { detectSource, readPacked, readSource, writePacked } from "reat/data";
import type { AugmentationWork, LoadingWork, PackingWork } from "../work.js";
import { randomSplit } from "./long-tailed.js";
import type { Run } from "./run.js";

export function prepareAugmentation({ images, batchSize }: AugmentationWork): Run {
  const split = randomSplit(Array.from({ length: 10 }, () => images / 10));
  let epoch = 0;
  return () => {
    const plan = trainingBatches(split, { batchSize, seed: 0, epoch: epoch++ });
    for (let b = 0; b < plan.count; b++) scope(() => void plan.batch(b));
    return { images };
  };
}

async function pack(source: string, file: string): Promise<number> {
  const dataset = await readSource(await detectSource(source));
  writePacked(file, dataset, source);
  return dataset.train.count + dataset.test.count;
}

export function preparePacking({ source, file }: PackingWork): Run {
  return async () => ({ images: await pack(source, file) });
}

export async function prepareLoading({ source, file }: LoadingWork): Promise<Run> {
  if (!existsSync(file)) await pack(source, file);
  return () => {
    const { train, test } = readPacked(file);
    return { images: train.count + test.count };
  };
}
