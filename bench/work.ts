// The kinds of work that a side can do, as plain data that is sent to its process as JSON.
import type { Precision } from "reat/nn";
import type { Device } from "reat/tensor";

/** A whole training step: batch, augmentation, attack, loss, gradients, optimiser, statistics. */
export interface TrainStepWork {
  readonly kind: "train-step";
  readonly method: "reat" | "pgd-at";
  readonly model: "resnet18" | "small-resnet" | "wrn28_10" | "resnet50-imagenet";
  /** Training images of each class. */
  readonly counts: readonly number[];
  /** Of the images, in pixels. Default: 32. */
  readonly side?: number;
  readonly batchSize: number;
  readonly attackSteps: number;
  /** Default: "cpu". */
  readonly device?: Device;
  /** The precision of our side; the baseline uses PyTorch's defaults. Default: "float32". */
  readonly precision?: Precision;
  /** How the baseline computes TAIL and counts predictions: in a loop over samples, as the released code does, or without one. Default: "loop". */
  readonly tail?: "loop" | "vectorised";
  /**
   * How the baseline is run: as the released code does; with images and weights in channels-last layout; or so and through
   * `torch.compile`, which compiles in the first repetition. Default: "eager".
   */
  readonly baseline?: "eager" | "channels-last" | "compiled";
  /** Steps in one repetition. At its end figures are read, which waits for the device. Default: 1. */
  readonly steps?: number;
}

/** `attackSteps` steps of PGD on one batch, model in eval mode. */
export interface AttackWork {
  readonly kind: "attack";
  readonly model:
    | "resnet18"
    | "small-resnet"
    | "smallcnn"
    | "preact-resnet18"
    | "wrn28_10"
    | "resnet50-imagenet"
    | "resnet18-imagenet";
  readonly classes: number;
  /** Of the images, in pixels. Default: 32. */
  readonly side?: number;
  readonly batchSize: number;
  readonly attackSteps: number;
}

/** A training pass on one batch: forward in mode "train", and the gradients of all weights. */
export interface TrainingPassWork {
  readonly kind: "training-pass";
  readonly model: "resnet18" | "small-resnet" | "preact-resnet18" | "wrn28_10";
  readonly classes: number;
  readonly batchSize: number;
}

/** Whole trainings of a preset, one for each seed, and the accuracy of their last epochs in per cent: values "clean 1", "pgd-20 1" and so on. */
export interface WholeTrainingWork {
  readonly kind: "whole-training";
  readonly preset: string;
  readonly source: string;
  readonly epochs: number;
  readonly seeds: readonly number[];
  /** Test images that the last epochs are measured on. */
  readonly images: number;
}

/** Clean and PGD accuracy of the weights and images in a file. */
export interface EvaluationWork {
  readonly kind: "evaluation";
  readonly model: "resnet18" | "small-resnet" | "smallcnn";
  readonly classes: number;
  readonly batchSize: number;
  readonly attackSteps: number;
  /** safetensors: the model's state, `images` uint8 [N,3,H,W], `labels` int64 [N]. */
  readonly file: string;
  /** Seeds of the start noise, one for each batch. */
  readonly seeds: readonly number[];
}

/** AutoAttack standard, l∞, 8/255, on the weights and images in a file, as {@link EvaluationWork} has them. */
export interface AutoAttackWork {
  readonly kind: "auto-attack";
  readonly model: "resnet18";
  readonly classes: number;
  readonly file: string;
  /** Whether the attacks ask the network through convolutions in tiles, and the plain network confirms what they find. */
  readonly tiles: boolean;
}

/** TAIL's value and gradient for a batch of features. */
export interface TailWork {
  readonly kind: "tail";
  readonly counts: readonly number[];
  readonly features: number;
  readonly batchSize: number;
}

/** The machine's peak speed: see `PeakValues`. */
export interface PeakWork {
  readonly kind: "peak";
  readonly batchSize: number;
}

/** A 7×7 convolution with stride 2 of images alone, forward and back to their gradient, `times` times. */
export interface StemWork {
  readonly kind: "stem";
  readonly batchSize: number;
  /** Of the images, in pixels. */
  readonly side: number;
  readonly times: number;
}

/** The steps of convolutions in tiles, in one thread: see `prepareTileStages`. */
export interface TileStagesWork {
  readonly kind: "tile-stages";
  readonly images: number;
}

/** Where the time of a training step goes; the values are seconds by kind of work, see `kinds`. */
export interface ProfileWork {
  readonly kind: "profile";
  readonly step: TrainStepWork;
}

/** The cost of calling an operator, on tensors of four elements. */
export interface CallsWork {
  readonly kind: "calls";
  readonly operator: "add" | "add in place" | "relu" | "sum over a dimension";
  readonly calls: number;
}

/** One epoch of augmented batches from a split of random images. */
export interface AugmentationWork {
  readonly kind: "augmentation";
  readonly images: number;
  readonly batchSize: number;
}

/** One epoch of windows of photographs in a folder, mirrored half the time; from their packed file, which is made beforehand. */
export interface PhotographsWork {
  readonly kind: "photographs";
  readonly folder: string;
  readonly cache: string;
  /** Of the network's images, in pixels. */
  readonly side: number;
  readonly batchSize: number;
  /** Processes that decode; of the baseline. */
  readonly workers: number;
}

/** Decodes, scales and packs the photographs of a folder. */
export interface PreparingWork {
  readonly kind: "preparing";
  readonly folder: string;
  readonly cache: string;
  readonly side: number;
}

/** Reads a data set from its images, without any cache, and writes the packed file. */
export interface PackingWork {
  readonly kind: "packing";
  readonly source: string;
  readonly file: string;
}

/** Loads a packed file, which is made from `source` beforehand if it does not exist. */
export interface LoadingWork {
  readonly kind: "loading";
  readonly source: string;
  readonly file: string;
}

export type Work =
  | TrainStepWork
  | AttackWork
  | TrainingPassWork
  | WholeTrainingWork
  | EvaluationWork
  | AutoAttackWork
  | TailWork
  | PeakWork
  | TileStagesWork
  | StemWork
  | ProfileWork
  | CallsWork
  | AugmentationWork
  | PhotographsWork
  | PreparingWork
  | PackingWork
  | LoadingWork;

/** Levers to switch, by their names in `setLevers`; all others stay on. */
export type Switches = Readonly<Record<string, boolean>>;

/** Values that a repetition reports beside its duration, such as counts of correct predictions. */
export type Values = Readonly<Record<string, number>>;

/** One repetition. */
export interface Repetition {
  readonly seconds: number;
  readonly values: Values;
}
