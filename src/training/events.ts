// What a run reports while it happens: one JSON object per line in metrics.jsonl.
import type { AccuracyReport } from "../evaluation/index.js";

/** The split that robust accuracy is measured on while training. */
export type EvaluationSplit = "test" | "validation";

/** How the best checkpoint is chosen: by robust accuracy on a split, or simply the last one. */
export type Selection = EvaluationSplit | "last";

/** Where a run stands: `batch` batches of epoch `epoch` (from 1) are done. */
export interface RunPosition {
  readonly epoch: number;
  readonly batch: number;
}

/** First line of a run, and one more each time it is continued. */
export interface StartEvent {
  readonly type: "start";
  /** ISO 8601. */
  readonly time: string;
  readonly epochs: number;
  readonly batchesPerEpoch: number;
  readonly resumedFrom: RunPosition | null;
  /** The named seeds: subset, initialisation, order, attack, evaluation. */
  readonly seeds: Readonly<Record<string, number>>;
}

/** A valid choice with an effect that one would not expect. */
export interface WarningEvent {
  readonly type: "warning";
  readonly name: string;
  readonly message: string;
}

/** Means over the batches since the event before it in the same epoch. */
export interface BatchEvent {
  readonly type: "batch";
  readonly epoch: number;
  /** Batches of the epoch that are done. */
  readonly batch: number;
  /** Optimiser steps since the beginning of the run. */
  readonly step: number;
  readonly loss: number;
  /** Of the training's adversarial examples, before the step that they caused; `null` where the method makes none. */
  readonly adversarialAccuracy: number | null;
  readonly learningRate: number;
  readonly imagesPerSecond: number;
  /** The loss's parts by name. */
  readonly terms: Readonly<Record<string, number>>;
}

/** Means over all images of an epoch. */
export interface EpochEvent {
  readonly type: "epoch";
  readonly epoch: number;
  /** Time spent training, without evaluation. */
  readonly seconds: number;
  readonly loss: number;
  readonly learningRate: number;
  readonly adversarialAccuracy: number | null;
  /** How often each class was predicted for the training's adversarial examples; `null` where there are none. */
  readonly predictedCounts: readonly number[] | null;
  /**
   * By class: how far the examples of the watched images lie from those of the epoch before (`TrainingOptions.observed`); null in the first
   * epoch and where there were none. Absent where none are watched.
   */
  readonly exampleDistances?: readonly (number | null)[] | null;
  readonly terms: Readonly<Record<string, number>>;
  /** What the method wanted recorded when the epoch began. */
  readonly method: Readonly<Record<string, unknown>>;
}

/** A measurement between epochs. */
export interface EvaluationEvent {
  readonly type: "evaluation";
  readonly epoch: number;
  readonly split: EvaluationSplit;
  /** The attack's name, such as "pgd-20". */
  readonly attack: string;
  /** Set where the average of the weights was measured; absent for the trained weights themselves. */
  readonly weights?: "averaged";
  readonly clean: AccuracyReport;
  readonly robust: AccuracyReport;
  readonly seconds: number;
}

/** This epoch's weights became `checkpoints/best.safetensors`. */
export interface BestEvent {
  readonly type: "best";
  readonly epoch: number;
  readonly split: EvaluationSplit;
  readonly robust: number;
}

/** Training was stopped before its end, and can be resumed. */
export interface StoppedEvent {
  readonly type: "stopped";
  readonly epoch: number;
  readonly batch: number;
  readonly reason: string;
}

/** The epoch with the best robust accuracy, 0 to 1. */
export interface BestSoFar {
  readonly epoch: number;
  readonly robust: number;
}

/** Training is over. */
export interface EndEvent {
  readonly type: "end";
  /** Time spent on the run, over all its continuations. */
  readonly seconds: number;
  readonly best: BestSoFar | null;
}

/** Accuracies are fractions from 0 to 1, times are seconds, epochs count from 1. */
export type RunEvent =
  | StartEvent
  | WarningEvent
  | BatchEvent
  | EpochEvent
  | EvaluationEvent
  | BestEvent
  | StoppedEvent
  | EndEvent;
