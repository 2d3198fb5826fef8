// Everything `train` is given, and what it gives back.
import type { AccuracyReport, EvaluationProgress } from "../evaluation/index.js";
import type { Method, TrainingBatch } from "../methods/index.js";
import type { ImageClassifier, WeightAverage } from "../nn/index.js";
import type { Generator, ProcessTeam, Tensor } from "../tensor/index.js";
import type { BestSoFar, EvaluationSplit, RunEvent, Selection } from "./events.js";
import type { ObservedImages } from "./example-drift.js";
import type { RunFolder } from "./run-folder.js";
import type { Shards } from "./sharded-step.js";

/** What the trainer needs of an optimiser. */
export interface Optimizer {
  learningRate: number;
  /** Set before each step where the training has a schedule of it. */
  momentum?: number;
  /** From 1, set before each step: an optimiser may leave parameters alone in the first epochs. */
  epoch?: number;
  /**
   * Of each parameter, in the model's order, whether an epoch's steps leave it and what is kept of it as they are; null: none. Its gradient is
   * then not computed. Absent: none, in any epoch.
   */
  resting?(epoch: number): readonly boolean[] | null;
  /** @param gradients in the order of the model's parameters, each of its parameter's shape [...]; null for those that rest */
  step(gradients: readonly (Tensor | null)[]): void;
  /** Its tensors by name; they stay the optimiser's own. */
  state(): ReadonlyMap<string, Tensor>;
  loadState(state: ReadonlyMap<string, Tensor>): void;
}

/** The batches of one epoch. `batch(b)`, b from 0, depends on nothing but the epoch and b. */
export interface EpochBatches {
  readonly count: number;
  /** Its tensors belong to the scope it is called in. */
  batch(b: number): TrainingBatch;
}

/** An average of the model's weights over the steps, which is what is measured and kept as the run's model. */
export interface AveragedTraining {
  /** Of this run's model; the caller disposes it. */
  readonly weights: WeightAverage;
  /** First epoch, from 1, whose steps are averaged; before it the trained weights are measured and kept. */
  readonly from: number;
}

/** Measures the model between epochs. It must leave no tensors and no changed mode behind. */
export interface EvaluationPlan {
  readonly split: EvaluationSplit;
  /** The attack's name, for the log. */
  readonly attack: string;
  /** Epochs between measurements, at least 1; the last epoch is always measured. */
  readonly everyEpochs: number;
  /**
   * Must give the same numbers for the same weights and epoch.
   * @throws when the signal is aborted before it is done
   */
  run(context: {
    readonly epoch: number;
    readonly signal: AbortSignal | undefined;
    readonly onProgress: (progress: EvaluationProgress) => void;
  }): Promise<{ readonly clean: AccuracyReport; readonly robust: AccuracyReport }>;
}

/** When a checkpoint is written beside those at the end of each epoch; whichever comes first. */
export interface CheckpointInterval {
  /** Epochs between checkpoints; default 1. */
  readonly epochs?: number | undefined;
  /** Batches between checkpoints within an epoch; default none. */
  readonly batches?: number | undefined;
  /** Seconds between checkpoints; default none. */
  readonly seconds?: number | undefined;
}

/** After every batch; costs no wait for the device, so the means are those last read. */
export interface TrainingProgress {
  readonly epoch: number;
  readonly epochs: number;
  readonly batch: number;
  readonly batchesPerEpoch: number;
  /** Images per second, a running mean of this session. */
  readonly imagesPerSecond: number;
  /** Time left for training and measuring, from this session's pace; `null` until it is known. */
  readonly secondsLeft: number | null;
  readonly loss: number | null;
  /** Of the training's adversarial examples. */
  readonly adversarialAccuracy: number | null;
  /** Of the latest measurement. */
  readonly cleanAccuracy: number | null;
  readonly robustAccuracy: number | null;
  /** The part of a measurement that is running, or `null` while training. */
  readonly evaluation: EvaluationProgress | null;
}

/** Everything that the loop of training is given. */
export interface TrainingOptions {
  readonly model: ImageClassifier;
  /** Of the model's outputs, in their order; kept in the checkpoints. */
  readonly classNames?: readonly string[];
  readonly method: Method;
  readonly optimizer: Optimizer;
  /** Absent or `null`: the trained weights themselves are measured and kept. */
  readonly average?: AveragedTraining | null;
  /** The learning rate of a step: epochs counted from 1, the epoch's batches from 0. */
  readonly learningRate: (epoch: number, batch: number) => number;
  /** The momentum of a step, as the learning rate; absent or `null`: the optimiser's own. */
  readonly momentum?: ((epoch: number, batch: number) => number) | null;
  readonly epochs: number;
  /** Batches in each epoch. */
  readonly batchesPerEpoch: number;
  /** The batches of an epoch, counted from 1. */
  readonly batches: (epoch: number) => EpochBatches;
  /** The attack's random numbers; its state is part of the checkpoint. */
  readonly attackGenerator: Generator;
  readonly run: RunFolder;
  /** Parts of each batch; absent or with count 1: the batch is one. */
  readonly shards?: Shards | null;
  /** The processes that train together; rank 0 alone writes and reports. Absent or null: this process trains alone. */
  readonly team?: ProcessTeam | null;
  /** Training images whose examples are followed from epoch to epoch; absent or null: none, which costs nothing. */
  readonly observed?: ObservedImages | null;
  /** The named seeds, for the log. */
  readonly seeds: Readonly<Record<string, number>>;
  /**
   * What a continued run must share with the checkpoint, JSON-serialisable: the configuration without what may change
   * (epochs, device, checkpoint interval …). A difference is an error that names the keys.
   */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Continue from the run's last checkpoint; from the beginning where there is none yet. Default: false. */
  readonly resume?: boolean;
  /** `null` or absent: no measurements, and the last checkpoint is all there is. */
  readonly evaluation?: EvaluationPlan | null;
  /** Default: the evaluation's split, or "last" without one. */
  readonly select?: Selection;
  readonly checkpointEvery?: CheckpointInterval;
  /** Batches between batch events, at least 1. Default: 10. */
  readonly logEvery?: number;
  /** Sees every event after it is in the log. */
  readonly reporter?: (event: RunEvent) => void;
  readonly onProgress?: (progress: TrainingProgress) => void;
  /** Stops after the running batch, with a checkpoint. */
  readonly signal?: AbortSignal;
}

/** How a training ended. */
export interface TrainingOutcome {
  /** True where the signal ended it before the last epoch was done. */
  readonly stopped: boolean;
  /** Where it ended. */
  readonly epoch: number;
  readonly batch: number;
  readonly best: BestSoFar | null;
  /** Robust accuracy of the last measurement. */
  readonly last: BestSoFar | null;
  /** Over all continuations of the run. */
  readonly seconds: number;
}
