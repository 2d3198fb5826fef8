// Data preparation, and what a call costs.
import { join } from "node:path";
import type { BenchCase } from "../case.js";
import { median } from "../statistics.js";
import type { Repetition, Work } from "../work.js";

const perSecond = (repetitions: readonly Repetition[]) => ({
  imagesPerSecond: median(repetitions.map(({ seconds, values }) => values.images! / seconds)),
});

function rate(text: string, atLeast: number): Pick<BenchCase, "numbers" | "targets"> {
  return { numbers: perSecond, targets: { imagesPerSecond: { text, atLeast } } };
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
