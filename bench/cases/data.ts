// Data preparation, and what a call costs.
import { join } from "node:path";
import type { BenchCase } from "../case.js";
import { makePhotographs } from "../photographs.js";
import { median } from "../statistics.js";
import type { Repetition, Work } from "../work.js";

const perSecond = (repetitions: readonly Repetition[]) => ({
  imagesPerSecond: median(repetitions.map(({ seconds, values }) => values.images! / seconds)),
});

function rate(text: string, atLeast: number): Pick<BenchCase, "numbers" | "targets"> {
  return { numbers: perSecond, targets: { imagesPerSecond: { text, atLeast } } };
}

/** Photographs in an epoch. */
const photographs = 20_000;

/** @param folder for the photographs, which are made once, and their packed file */
function photographCases(folder: string): readonly BenchCase[] {
  const shared = { folder: join(folder, "images"), cache: join(folder, "cache"), side: 224 };
  const work: Work = { kind: "photographs", ...shared, batchSize: 64, workers: 2 };
  const prepare = (onProgress: (text: string) => void) =>
    makePhotographs(shared.folder, photographs, shared.side, onProgress);
  return [
    {
      name: "data/preparing-photographs",
      about: "decoding 20,000 JPEGs of 224×224 into a packed file, once for all trainings",
      ours: { label: "reat", runs: "reat", work: { kind: "preparing", ...shared } },
      warmUp: 0,
      mostRepeats: 1,
      numbers: perSecond,
      prepare,
    },
    {
      name: "data/photographs",
      about: "an epoch of random resized crops of 20,000 JPEGs of 224×224, batches of 64",
      ours: { label: "reat", runs: "reat", work },
      baseline: { label: "torchvision's DataLoader, two workers", runs: "pytorch", work },
      warmUp: 1,
      mostRepeats: 3,
      memory: true,
      numbers: (ours, baseline) => ({
        ratio: median(baseline.map(({ seconds }) => seconds)) / median(ours.map(({ seconds }) => seconds)),
        ...perSecond(ours),
        residentGrowth: Math.max(...ours.map(({ values }) => values.residentGrowth!)),
      }),
      targets: {
        ratio: { text: "at least 2 × torchvision's", atLeast: 2 },
        residentGrowth: { text: "resident memory grows by at most 5 % within an epoch", atMost: 0.05 },
      },
      prepare,
    },
  ];
}

/**
 * @param source images of CIFAR-10 in an archive; undefined where none was given
 * @param folder for the packed file
 */
export function dataCases(source: string | undefined, folder: string): readonly BenchCase[] {
  const file = join(folder, "benchmark.reatpack");
  const ours = (work: Work) => ({ label: "reat", runs: "reat" as const, work });
  const lacks = source === undefined ? { lacks: "the images of CIFAR-10 as an archive: --data FILE" } : {};
  const images = source ?? "";
  return [
    {
      name: "data/packing",
      about: "packing CIFAR-10 from its image files",
      ours: ours({ kind: "packing", source: images, file: `${file}.again` }),
      warmUp: 0,
      mostRepeats: 3,
      ...rate("at least 3,000 images/s", 3000),
      ...lacks,
    },
    {
      name: "data/loading",
      about: "loading the packed CIFAR-10, every byte checked",
      ours: ours({ kind: "loading", source: images, file }),
      numbers: (repetitions) => ({ seconds: median(repetitions.map(({ seconds }) => seconds)) }),
      targets: { seconds: { text: "under 0.3 s", atMost: 0.3 } },
      ...lacks,
    },
    {
      name: "data/augmented-batches",
      about: "an epoch of augmented batches of 128 from 50,000 images",
      ours: ours({ kind: "augmentation", images: 50_000, batchSize: 128 }),
      ...rate("at least 50,000 images/s", 50_000),
    },
    ...photographCases(join(folder, "photographs")),
    ...(["add", "add in place", "relu", "sum over a dimension"] as const).map(
      (operator): BenchCase => ({
        name: `call/${operator.replaceAll(" ", "-")}`,
        about: `1,000 calls of ${operator} on tensors of four elements`,
        ours: ours({ kind: "calls", operator, calls: 1000 }),
        threads: 1,
        warmUp: 20,
      }),
    ),
  ];
}
