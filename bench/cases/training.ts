// Training steps against the baseline's, and REAT's against PGD-AT's.
import type { BenchCase } from "../case.js";
import { pairedRatio, secondsOf } from "../statistics.js";
import type { TrainStepWork, Values, WholeTrainingWork } from "../work.js";
import { counts10, counts100 } from "./counts.js";

/** The paper's step on CIFAR-10-LT. */
export const reatStep: TrainStepWork = {
  kind: "train-step",
  method: "reat",
  model: "resnet18",
  counts: counts10,
  batchSize: 128,
  attackSteps: 10,
};

const noMoreMemory = { text: "peak memory at most 0.9 of the baseline's", atMost: 0.9 };

const trainingPass = { kind: "training-pass", model: "resnet18", classes: 10, batchSize: 128 } as const;

/** glibc then keeps freed memory. By default it gives large blocks back, and gets each new one page by page. */
const keptMemory = {
  MALLOC_MMAP_THRESHOLD_: "4294967296",
  MALLOC_TRIM_THRESHOLD_: "17179869184",
  MALLOC_TOP_PAD_: "268435456",
};

const titles = {
  resnet18: "ResNet-18",
  "small-resnet": "small-resnet",
  wrn28_10: "WRN-28-10",
  "resnet50-imagenet": "ResNet-50 in its ImageNet form",
} as const;

/** Training images of each class of a set of photographs: few, so that they fit into the memory beside the network. */
const photographCounts = [100, 64, 42, 27, 18, 12, 8, 5, 3, 2];

function againstPyTorch(name: string, about: string, work: TrainStepWork, least: number): BenchCase {
  const { model, batchSize, attackSteps } = work;
  return {
    name: `train/${name}`,
    about: `training step, ${about}, ${titles[model]}, batch ${batchSize}, PGD-${attackSteps}`,
    ours: { label: "reat", runs: "reat", work },
    baseline: { label: "PyTorch", runs: "pytorch", work },
    targets: {
      ratio: { text: `at least ${least} × faster than the baseline`, atLeast: least },
      memoryShare: noMoreMemory,
    },
    memory: true,
  };
}

/** The same beside a baseline that keeps freed memory, which makes it faster the more a machine takes for a new page. */
function keepingMemory({ name, about, ours, baseline, targets }: BenchCase): BenchCase {
  return {
    ...{ name: `${name}-kept-memory`, about: `${about}; the baseline keeps freed memory`, ours },
    baseline: { ...baseline!, environment: keptMemory },
    targets: { ratio: targets!.ratio! },
  };
}

/** The paper's step beside a baseline that somebody has made faster. */
function againstTuned(name: string, how: string, baseline: TrainStepWork["baseline"]): BenchCase {
  const { text, atLeast } = { text: "at least 2.5 × faster than the baseline", atLeast: 2.5 };
  return {
    name: `train/${name}`,
    about: `training step, REAT on CIFAR-10-LT, ResNet-18, batch 128, PGD-10; the baseline ${how}`,
    ours: { label: "reat", runs: "reat", work: reatStep },
    baseline: { label: "PyTorch", runs: "pytorch", work: { ...reatStep, baseline }, environment: keptMemory },
    targets: { ratio: { text, atLeast } },
  };
}

const besidePyTorch: readonly BenchCase[] = [
  againstPyTorch("reat-cifar10", "REAT on CIFAR-10-LT", reatStep, 3),
  againstPyTorch("pgd-at-cifar10", "PGD-AT on CIFAR-10-LT", { ...reatStep, method: "pgd-at" }, 2.7),
  againstPyTorch("reat-2-steps", "REAT on CIFAR-10-LT", { ...reatStep, attackSteps: 2 }, 3),
  againstPyTorch("reat-cifar100", "REAT on CIFAR-100-LT", { ...reatStep, counts: counts100 }, 3),
  againstPyTorch(
    "reat-wrn28-10",
    "REAT on CIFAR-10-LT",
    { ...reatStep, model: "wrn28_10", batchSize: 32 },
    2.8,
  ),
  againstPyTorch(
    "fine-tuning-resnet50",
    "REAT on photographs of 224×224",
    {
      ...{ kind: "train-step", method: "reat", model: "resnet50-imagenet", side: 224 },
      ...{ counts: photographCounts, batchSize: 16, attackSteps: 2 },
    },
    1.5,
  ),
];

/** The means of both sides over the seeds, and how many standard errors of their difference lie between them. */
function comparedOverSeeds(ours: Values, baseline: Values, figure: string): Record<string, number> {
  const of = (values: Values) =>
    Object.entries(values).flatMap(([name, value]) => (name.startsWith(`${figure} `) ? [value] : []));
  const sides = [of(ours), of(baseline)].map((values) => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    return { mean, variance: squares / (values.length - 1) / values.length };
  });
  const [on, off] = sides as [(typeof sides)[0], (typeof sides)[0]];
  const error = Math.sqrt(on.variance + off.variance);
  return {
    ...{ [`${figure} on`]: on.mean, [`${figure} off`]: off.mean },
    [`${figure} errors`]: Math.abs(on.mean - off.mean) / error,
  };
}

/** @param source images of CIFAR-10 in an archive; undefined where none was given */
export function wholeTrainingCases(source: string | undefined): readonly BenchCase[] {
  const work: WholeTrainingWork = {
    ...{ kind: "whole-training", preset: "cifar10-lt-ur50-laptop", source: source ?? "" },
    ...{ epochs: 3, seeds: [1, 2, 3], images: 2000 },
  };
  const within = {
    text: "within two standard errors of trainings without tiles, over three seeds",
    atMost: 2,
  };
  return [
    {
      name: "train/three-epochs-with-tiles",
      about:
        "three epochs of the laptop preset with three seeds, with tiles in attacks and training passes and without any",
      ours: { label: "on", runs: "reat", work },
      baseline: {
        ...{ label: "off", runs: "reat", work },
        levers: { trainingTiles: false, winograd: false },
      },
      warmUp: 0,
      mostRepeats: 1,
      numbers: ([ours], [baseline]) => ({
        ...comparedOverSeeds(ours?.values ?? {}, baseline?.values ?? {}, "clean"),
        ...comparedOverSeeds(ours?.values ?? {}, baseline?.values ?? {}, "pgd-20"),
      }),
      targets: { "clean errors": within, "pgd-20 errors": within },
      ...(source === undefined && { lacks: "the images of CIFAR-10 as an archive: --data FILE" }),
    },
  ];
}

export const trainingCases: readonly BenchCase[] = [
  ...besidePyTorch,
  ...besidePyTorch.map(keepingMemory),
  againstTuned("reat-channels-last", "is in channels-last layout and keeps freed memory", "channels-last"),
  againstTuned("reat-compiled", "is compiled, in channels-last layout, and keeps freed memory", "compiled"),
  {
    name: "train/pass",
    about:
      "the training pass of a step beside LibTorch's own convolutions and normalisation, ResNet-18, batch 128",
    ours: { label: "reat", runs: "reat", work: trainingPass },
    baseline: { label: "LibTorch", runs: "reat", work: trainingPass, levers: { trainingTiles: false } },
    numbers: (ours, baseline) => ({ share: pairedRatio(secondsOf(ours), secondsOf(baseline)).median }),
    targets: { share: { text: "at most 0.585 of the time of LibTorch's pass", atMost: 0.585 } },
  },
  {
    name: "train/reat-over-pgd-at",
    about: "REAT's training step over our own PGD-AT step, both with the balanced softmax loss",
    ours: { label: "REAT", runs: "reat", work: reatStep },
    baseline: { label: "PGD-AT", runs: "reat", work: { ...reatStep, method: "pgd-at" } },
    numbers: (ours, baseline) => ({
      overhead: pairedRatio(secondsOf(ours), secondsOf(baseline)).median,
    }),
    targets: { overhead: { text: "at most 1.03 × our own PGD-AT step", atMost: 1.03 } },
  },
];
