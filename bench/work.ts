// What a side can be asked to do; plain data, so that it travels to another process as JSON.
import type { Precision } from "reat/nn";
import type { Device } from "reat/tensor";

/** A whole training step: batch, augmentation, attack, loss, gradients, optimiser, statistics. */
export interface TrainStepWork {
  readonly kind: "train-step";
  readonly method: "reat" | "pgd-at";
  readonly model: "resnet18" | "small-resnet" | "wrn28_10";
  /** Training images of each class. */
  readonly counts: readonly number[];
  readonly batchSize: number;
  readonly attackSteps: number;
  /** Default: "cpu". */
  readonly device?: Device;
  /** How our side computes; the baseline computes as PyTorch does by default. Default: "float32". */
  readonly precision?: Precision;
  /** TAIL and the count of predictions in the baseline: a loop over samples as in the released code, or a few operations. Default: "loop". */
  readonly tail?: "loop" | "vectorised";
  /** Steps of one repetition, at whose end figures are read and the device is waited for. Default: 1. */
  readonly steps?: number;
}

/** `attackSteps` steps of PGD on one batch, model in eval mode. */
export interface AttackWork {
  readonly kind: "attack";
  readonly model: "resnet18" | "small-resnet";
  readonly classes: number;
  readonly batchSize: number;
  readonly attackSteps: number;
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
  /** Of the start noise, one a batch. */
  readonly seeds: readonly number[];
}

/** TAIL's value and gradient for a batch of features. */
export interface TailWork {
  readonly kind: "tail";
  readonly counts: readonly number[];
  readonly features: number;
  readonly batchSize: number;
}

/** What the machine can do at most: see `PeakValues`. */
export interface PeakWork {
  readonly kind: "peak";
  readonly batchSize: number;
}

/** Where the time of a training step goes; the values are seconds by kind of work, see `kinds`. */
export interface ProfileWork {
  readonly kind: "profile";
  readonly step: TrainStepWork;
}

/** What calls of operators cost on tensors of four elements. */
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

/** Reads a data set from its images past any cache, and writes the packed file. */
export interface PackingWork {
  readonly kind: "packing";
  readonly source: string;
  readonly file: string;
}

/** Loads a packed file, which is made beforehand from `source` where it is not there. */
export interface LoadingWork {
  readonly kind: "loading";
  readonly source: string;
  readonly file: string;
}

export type Work =
  | TrainStepWork
  | AttackWork
  | EvaluationWork
  | TailWork
  | PeakWork
  | ProfileWork
  | CallsWork
  | AugmentationWork
  | PackingWork
  | LoadingWork;

/** Levers that are switched, by the names of `setLevers`; those left out stay on. */
export type Switches = Readonly<Record<string, boolean>>;

/** Values that a repetition reports beside its duration, such as counts of correct predictions. */
export type Values = Readonly<Record<string, number>>;

/** One repetition. */
export interface Repetition {
  readonly seconds: number;
  readonly values: Values;
}
