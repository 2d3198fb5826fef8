// A run's events and results for other programs: numbers by name, and counts of classes.
import { type AccuracyReport, attackLabel, type EvaluationResult } from "../../evaluation/index.js";
import type { RunEvent } from "../../training/index.js";

/** How often each class was predicted. */
export interface ClassHistogram {
  readonly tag: string;
  /** By class id. */
  readonly counts: readonly number[];
}

/** What is shown at one step of one axis: `step` counts optimiser steps for what is logged within epochs, else epochs. */
export interface LogEntry {
  readonly step: number;
  readonly scalars: readonly (readonly [tag: string, value: number])[];
  readonly histograms: readonly ClassHistogram[];
}

/**
 * `batch/…` at optimiser steps; `epoch/…` and `<split>/…` at epochs. Null for events that hold no numbers.
 * @param classNames by class id
 */
export function entryOf(event: RunEvent, classNames: readonly string[]): LogEntry | null {
  switch (event.type) {
    case "batch": {
      const { step, loss, adversarialAccuracy, learningRate, imagesPerSecond, terms } = event;
      return {
        step,
        scalars: [
          ["batch/loss", loss],
          ...(adversarialAccuracy === null
            ? []
            : ([["batch/adversarial accuracy", adversarialAccuracy]] as const)),
          ["batch/learning rate", learningRate],
          ["batch/images per second", imagesPerSecond],
          ...Object.entries(terms).map(([name, value]) => [`batch/terms/${name}`, value] as const),
        ],
        histograms: [],
      };
    }
    case "epoch": {
      const { epoch, seconds, loss, learningRate, adversarialAccuracy, predictedCounts, terms } = event;
      return {
        step: epoch,
        scalars: [
          ["epoch/loss", loss],
          ...(adversarialAccuracy === null
            ? []
            : ([["epoch/adversarial accuracy", adversarialAccuracy]] as const)),
          ["epoch/learning rate", learningRate],
          ["epoch/seconds", seconds],
          ...Object.entries(terms).map(([name, value]) => [`epoch/terms/${name}`, value] as const),
        ],
        histograms: predictedCounts
          ? [{ tag: "epoch/predicted classes of adversarial examples", counts: predictedCounts }]
          : [],
      };
    }
    case "evaluation": {
      const { epoch, split, attack, clean, robust } = event;
      const parts = [
        reportEntries(`${split}/clean`, clean, classNames),
        reportEntries(`${split}/${attack}`, robust, classNames),
      ];
      return {
        step: epoch,
        scalars: parts.flatMap(({ scalars }) => scalars),
        histograms: parts.flatMap(({ histograms }) => histograms),
      };
    }
    default:
      return null;
  }
}

/** A measurement of a checkpoint, at the epoch of its weights: `<checkpoint>/<split>/…`. */
export function entryOfResult(result: EvaluationResult, classNames: readonly string[]): LogEntry {
  const { checkpoint, split, epoch, clean, robust, attack } = result;
  const parts = [
    reportEntries(`${checkpoint}/${split}/clean`, clean, classNames),
    reportEntries(`${checkpoint}/${split}/${attackLabel(attack)}`, robust, classNames),
  ];
  return {
    step: epoch,
    scalars: parts.flatMap(({ scalars }) => scalars),
    histograms: parts.flatMap(({ histograms }) => histograms),
  };
}

function reportEntries(
  prefix: string,
  { accuracy, balanced, groups, perClass, predicted }: AccuracyReport,
  classNames: readonly string[],
): Omit<LogEntry, "step"> {
  const known = (values: readonly (readonly [string, number | null])[]) =>
    values.flatMap(([tag, value]) => (value === null ? [] : [[`${prefix}/${tag}`, value] as const]));
  const named = (id: number) => classNames[id] ?? `class ${id}`;
  return {
    scalars: [
      ...known([
        ["accuracy", accuracy],
        ["balanced accuracy", balanced],
        ...Object.entries(groups),
        ...perClass.map((entry, id) => [`class/${named(id)}`, entry.accuracy] as const),
      ]),
    ],
    histograms: [{ tag: `${prefix}/predicted classes`, counts: predicted }],
  };
}
