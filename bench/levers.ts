// The levers, optimisations for speed: each with the switch that turns it off, so that its own gain can be measured.
import { counts10 } from "./cases/counts.js";
import type { AttackWork, Switches, TrainingPassWork, TrainStepWork } from "./work.js";

/** Something that makes reat faster and can be switched off. */
export interface Lever {
  /** Short name; the case that measures it is "lever/NAME". */
  readonly name: string;
  /** What it does, as the page says it. */
  readonly does: string;
  /** The switches of `setLevers` that turn it off; empty if environment variables do. */
  readonly off: Switches;
  /** Levers that are off on both sides, because with them this one would show no gain. */
  readonly both?: Switches;
  /** Environment variables that turn it off, read when the process starts. */
  readonly offEnvironment?: Readonly<Record<string, string>>;
  /** What is timed with and without it. */
  readonly work: AttackWork | TrainStepWork | TrainingPassWork;
}

const attack: AttackWork = {
  kind: "attack",
  model: "resnet18",
  classes: 10,
  batchSize: 128,
  attackSteps: 2,
};

const trainingPass: TrainingPassWork = {
  kind: "training-pass",
  model: "resnet18",
  classes: 10,
  batchSize: 128,
};

/** Add a lever here, and `npm run bench -- lever` measures it: on and off in turns, everything else alike. */
export const levers: readonly Lever[] = [
  {
    name: "fold-batch-norm",
    does: "batch normalisation is part of the convolution before it while examples are made",
    off: { foldBatchNorm: false },
    both: { blockedMaps: false },
    work: attack,
  },
  {
    name: "channels-last",
    does: "feature maps lie in memory as the architecture prefers on a CPU",
    off: { channelsLast: false },
    both: { blockedMaps: false },
    work: { ...attack, model: "small-resnet" },
  },
  {
    name: "channels-last-training",
    does: "feature maps lie in memory as the architecture prefers on a CPU",
    off: { channelsLast: false },
    work: {
      kind: "train-step",
      method: "pgd-at",
      model: "small-resnet",
      counts: counts10,
      batchSize: 128,
      attackSteps: 1,
    },
  },
  {
    name: "blocked-maps",
    does: "feature maps lie in blocks of sixteen channels from layer to layer while examples are made",
    off: { blockedMaps: false },
    both: { winograd: false },
    work: attack,
  },
  {
    name: "winograd",
    does: "convolutions of maps in blocks are Winograd's, in tiles, while examples are made",
    off: { winograd: false },
    both: { fuseActivations: false },
    work: attack,
  },
  {
    name: "fuse-activations",
    does: "shortcuts are added and ReLU is applied within the convolutions, forth and back, while examples are made",
    off: { fuseActivations: false },
    work: attack,
  },
  {
    name: "training-tiles",
    does: "convolutions of training passes and their weights' gradients are Winograd's, in tiles, with normalisation and ReLU on the way",
    off: { trainingTiles: false },
    work: trainingPass,
  },
  ...(["smallcnn", "preact-resnet18", "wrn28_10"] as const).map(
    (model): Lever => ({
      name: `tiles-${model}`,
      does: "convolutions are Winograd's, in tiles, while examples are made",
      off: { blockedMaps: false, winograd: false, fuseActivations: false },
      work: { ...attack, model, batchSize: model === "wrn28_10" ? 16 : 64 },
    }),
  ),
  ...(["resnet18-imagenet", "resnet50-imagenet"] as const).map(
    (model): Lever => ({
      name: `tiles-${model}`,
      does: "convolutions behind the 7×7 stem are in tiles, from maps of 56×56 to 7×7, while examples of 224×224 are made",
      off: { blockedMaps: false, winograd: false, fuseActivations: false },
      work: { ...attack, model, side: 224, batchSize: 16 },
    }),
  ),
  ...(["preact-resnet18", "wrn28_10"] as const).map(
    (model): Lever => ({
      name: `training-tiles-${model}`,
      does: "convolutions of training passes are Winograd's, in tiles",
      off: { trainingTiles: false },
      work: { ...trainingPass, model, batchSize: model === "wrn28_10" ? 16 : 64 },
    }),
  ),
  {
    name: "quiet-blas",
    does: "an OpenBLAS with threads of its own takes one, so that no others spin after a product",
    off: {},
    offEnvironment: { OPENBLAS_NUM_THREADS: "2" },
    work: { ...attack, model: "small-resnet" },
  },
  {
    name: "kept-memory",
    does: "freed memory is kept for the next layer instead of being given back to the system",
    off: {},
    offEnvironment: { REAT_KEEP_MEMORY: "0" },
    work: attack,
  },
];
