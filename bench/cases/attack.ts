// Attack steps, the machine's peak speed, and each lever alone.
import type { BenchCase } from "../case.js";
import { attackStepFlops } from "../flops.js";
import { levers } from "../levers.js";
import { median, pairedRatio, secondsOf } from "../statistics.js";
import type { AttackWork, Repetition } from "../work.js";

const timed = {
  attack: "attack steps",
  "train-step": "training step",
  "training-pass": "training pass",
} as const;

const work = {
  kind: "attack",
  model: "resnet18",
  classes: 10,
  batchSize: 128,
  attackSteps: 2,
} as const satisfies AttackWork;

/** The fastest of the machine's measured speeds, each the median of its repetitions, in GFLOP/s. */
function bestSpeed(repetitions: readonly Repetition[], ofName: (name: string) => boolean): number {
  const names = Object.keys(repetitions[0]?.values ?? {}).filter(ofName);
  return Math.max(...names.map((name) => median(repetitions.map(({ values }) => values[name]!))));
}

/** 3×3 convolutions of stride 1 in each stage of a ResNet-18; each of them has as many products as any other. */
const convolutionsOfStage = { "64x32": 4, "128x16": 3, "256x8": 3, "512x4": 3 };

/** The speed of oneDNN's Winograd convolutions over all of them, forth and back: its strided convolutions would be slower. */
function winogradSpeedOfNetwork(peak: readonly Repetition[]): number {
  let [products, time] = [0, 0];
  for (const [stage, convolutions] of Object.entries(convolutionsOfStage)) {
    for (const way of ["forth", "back"]) {
      products += convolutions;
      time += convolutions / bestSpeed(peak, (name) => name === `winograd ${stage} ${way}`);
    }
  }
  return products / time;
}

export const attackCases: readonly BenchCase[] = [
  {
    name: "attack/steps",
    about: "two attack steps (forward pass and gradient of the images), ResNet-18, batch 128",
    ours: { label: "reat", runs: "reat", work },
    baseline: { label: "PyTorch", runs: "pytorch", work },
  },
  {
    name: "attack/share-of-peak",
    about: "attack steps beside the machine's measured peak, ResNet-18, batch 128",
    ours: { label: "reat", runs: "reat", work },
    baseline: { label: "peak", runs: "reat", work: { kind: "peak", batchSize: 64 } },
    compares: false,
    numbers: (ours, peak) => {
      const reached =
        (work.attackSteps * attackStepFlops(work.model, work.classes, work.batchSize)) /
        median(secondsOf(ours)) /
        1e9;
      const matmul = bestSpeed(peak, (name) => name === "matmul");
      const convolution = bestSpeed(peak, (name) => name.startsWith("conv"));
      const share = reached / Math.max(matmul, convolution);
      const winograd = bestSpeed(peak, (name) => name.startsWith("winograd"));
      // Without Winograd convolutions there is no such speed to compare with.
      const ofNetwork = winograd > 0 ? winogradSpeedOfNetwork(peak) : 0;
      const ofWinograd: Readonly<Record<string, number>> =
        winograd > 0
          ? {
              ...{ winograd, shareOfWinograd: reached / winograd },
              ...{ winogradOfNetwork: ofNetwork, shareOfWinogradOfNetwork: reached / ofNetwork },
            }
          : {};
      return { reached, matmul, convolution, share, ...ofWinograd };
    },
    targets: {
      share: {
        text: "at least 75 % of the machine's measured peak (matrix products and direct convolutions)",
        atLeast: 0.75,
      },
      shareOfWinograd: {
        text: "at least 95 % of the fastest Winograd convolution of oneDNN, counted as if it were direct",
        atLeast: 0.95,
      },
    },
  },
  ...(["resnet18-imagenet", "resnet50-imagenet"] as const).map(
    (model): BenchCase => ({
      name: `attack/stem-of-${model}`,
      about: `two attack steps of ${model} on 16 images of 224×224, beside the 7×7 stem's share of them`,
      ours: { label: "attack steps", runs: "reat", work: { ...work, model, side: 224, batchSize: 16 } },
      baseline: { label: "stem", runs: "reat", work: { kind: "stem", batchSize: 16, side: 224, times: 2 } },
      compares: false,
      numbers: (ours, stem) => ({ stemShare: 1 / pairedRatio(secondsOf(ours), secondsOf(stem)).median }),
    }),
  ),
  ...levers.map(
    ({ name, does, off, both = {}, offEnvironment = {}, work }): BenchCase => ({
      name: `lever/${name}`,
      about: `${does}; ${timed[work.kind]} of ${work.model}, batch ${work.batchSize}`,
      ours: { label: "on", runs: "reat", work, levers: both },
      baseline: {
        ...{ label: "off", runs: "reat", work },
        ...{ levers: { ...both, ...off }, environment: offEnvironment },
      },
    }),
  ),
];
