// Preparing data: packing images, loading the packed file, augmented batches.
import { existsSync, rmSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { scope, trainingBatches } from "reat";
import { detectSource, prepareDataset, readPacked, readSource, uploadSplit, writePacked } from "reat/data";
import type { AugmentationWork, LoadingWork, PackingWork, PhotographsWork, PreparingWork } from "../work.js";
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

/** Batches after which the memory of an epoch has been taken. */
const settled = 20;

export async function preparePhotographs({ folder, cache, side, batchSize }: PhotographsWork): Promise<Run> {
  const { dataset } = await prepareDataset(folder, { resize: side, whole: true, cache });
  const split = uploadSplit(dataset, dataset.train);
  let epoch = 0;
  return async () => {
    const plan = trainingBatches(split, { batchSize, seed: 0, epoch: epoch++, resizedCrop: {} });
    let [early, most] = [0, 0];
    for (let b = 0; b < plan.count; b++) {
      scope(() => void plan.batch(b));
      const { rss } = process.memoryUsage();
      if (b < settled) early = Math.max(early, rss);
      most = Math.max(most, rss);
      // Where a training step would compute, what was read ahead arrives.
      await setImmediate();
    }
    return { images: split.count, residentGrowth: most / early - 1 };
  };
}

export function preparePreparing({ folder, cache, side }: PreparingWork): Run {
  return async () => {
    const again = `${cache}-again`;
    rmSync(again, { recursive: true, force: true });
    const { dataset } = await prepareDataset(folder, { resize: side, whole: true, cache: again });
    rmSync(again, { recursive: true });
    return { images: dataset.train.count + dataset.test.count };
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
