// Where the time of a training step goes.
import type { BenchCase } from "../case.js";
import { type Kind, kinds } from "../operator-kinds.js";
import { median } from "../statistics.js";
import type { Repetition } from "../work.js";
import { reatStep } from "./training.js";

const main: readonly Kind[] = ["convolution", "matrix product", "normalisation"];
const overhead: readonly Kind[] = [
  "optimiser",
  "other operators",
  "data and augmentation",
  "JavaScript and bookkeeping",
];

/** The share of the step that some kinds of work take: the median over the repetitions. */
function share(repetitions: readonly Repetition[], wanted: (kind: Kind) => boolean): number {
  const all = (values: Repetition["values"], some: readonly Kind[]) =>
    some.reduce((sum, kind) => sum + (values[kind] ?? 0), 0);
  return median(repetitions.map(({ values }) => all(values, kinds.filter(wanted)) / all(values, kinds)));
}

export const profileCases: readonly BenchCase[] = [
  {
    name: "profile/tiles",
    about:
      "the three steps of ResNet-18's convolutions in tiles, forward, 64 images, beside the limit of their products",
    ours: { label: "reat", runs: "reat", work: { kind: "tile-stages", images: 64 } },
    threads: 1,
  },
  {
    name: "profile/reat-step",
    about: "where the time of a REAT training step goes, ResNet-18, batch 128, PGD-10",
    ours: { label: "reat", runs: "reat", work: { kind: "profile", step: reatStep } },
    numbers: (repetitions) => ({
      everythingElse: share(repetitions, (kind) => !main.includes(kind)),
      bookkeeping: share(repetitions, (kind) => overhead.includes(kind)),
    }),
    targets: {
      everythingElse: {
        text: "all that is no convolution, matrix product or normalisation, ReLU included, at most 3 %",
        atMost: 0.03,
      },
      bookkeeping: {
        text: "data, augmentation, optimiser, JavaScript and bookkeeping at most 3 %",
        atMost: 0.03,
      },
    },
  },
];
