// How a step's time grows with batch size, classes, attack steps and threads, and TAIL's with the batch.
import { availableParallelism } from "node:os";
import type { BenchCase } from "../case.js";
import type { TailWork, TrainStepWork } from "../work.js";
import { counts10 } from "./counts.js";
import { reatStep } from "./training.js";

const small: TrainStepWork = { ...reatStep, model: "small-resnet" };

interface Point {
  readonly picture: string;
  readonly line: string;
  readonly x: number;
}

function stepCase(sweep: Point, work: TrainStepWork, threads = 2): BenchCase {
  return {
    name: `scaling/${sweep.picture}/${sweep.line}/${sweep.x}`,
    about: `REAT training step, ${sweep.line}, ${sweep.picture} ${sweep.x}`,
    ours: { label: "reat", runs: "reat", work },
    threads,
    sweep,
  };
}

/** The class counts of a long-tailed set with the fewest images, such that each class has at least one. */
function countsOf(classes: number): number[] {
  return Array.from({ length: classes }, (_, k) => Math.max(2, Math.round(20_000 / classes / (1 + k / 8))));
}

function tailCase(classes: number, batchSize: number, runs: "reat" | "pytorch"): BenchCase {
  const counts = classes === 10 ? counts10 : countsOf(classes);
  const work: TailWork = { kind: "tail", counts, features: 512, batchSize };
  const line = `${runs === "reat" ? "reat" : "PyTorch, loop over samples"}`;
  return {
    name: `scaling/tail/${runs}/${batchSize}`,
    about: `TAIL's value and gradient, 512 features, ${classes} classes, batch ${batchSize}`,
    ours: { label: line, runs, work },
    warmUp: 2,
    sweep: { picture: "tail", line, x: batchSize },
  };
}

const batchSizes = [32, 64, 128, 256, 512];
const cores = availableParallelism();

export const scalingCases: readonly BenchCase[] = [
  ...batchSizes.map((x) =>
    stepCase({ picture: "batch size", line: "small-resnet", x }, { ...small, batchSize: x }),
  ),
  ...[32, 128].map((x) =>
    stepCase({ picture: "batch size", line: "resnet18", x }, { ...reatStep, attackSteps: 2, batchSize: x }),
  ),
  ...[10, 30, 100, 300, 1000].map((x) =>
    stepCase({ picture: "classes", line: "small-resnet", x }, { ...small, counts: countsOf(x) }),
  ),
  ...[1, 2, 5, 10, 20].map((x) =>
    stepCase({ picture: "attack steps", line: "small-resnet", x }, { ...small, attackSteps: x }),
  ),
  ...[1, 2, 4, 8, 16, 32, 64]
    .filter((x) => x <= cores)
    .map((x) => stepCase({ picture: "threads", line: "small-resnet", x }, small, x)),
  ...batchSizes.flatMap((x) => [tailCase(10, x, "reat"), tailCase(10, x, "pytorch")]),
];
