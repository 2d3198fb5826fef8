// What training looks like in a terminal: a bar while it runs, one aligned line for each epoch.
import type { EvaluationProgress } from "../evaluation/index.js";
import type { RunEvent, TrainingProgress } from "../training/index.js";
import { writeEvent } from "./output.js";
import { bar, StatusLine } from "./status-line.js";
import { duration, percent } from "./terminal.js";

const columns = ["epoch", "loss", "adv. train", "clean", "robust", "lr", "time"] as const;
const widths = [9, 8, 10, 8, 8, 8, 12] as const;

/**
 * One line: position, accuracy, speed, time left; shorter where `width` columns are too few. The accuracy
 * beside "adv." is that of the training's adversarial examples, the others are of the latest measurement.
 */
export function progressLine(progress: TrainingProgress, label = "", width = 120): string {
  const wide = wordsOf(progress, label, true);
  const wideWidth = wide.text.length + 20;
  const { text, place } = wideWidth < width ? wide : wordsOf(progress, label, false);
  const room = Math.min(20, Math.max(4, width - 2 - text.length));
  return `${text.slice(0, place)}${bar(shareOf(progress), room)}${text.slice(place)}`;
}

function shareOf({ evaluation, batch, batchesPerEpoch }: TrainingProgress): number {
  return evaluation ? evaluation.done / Math.max(1, evaluation.total) : batch / batchesPerEpoch;
}

/** The line without its bar, and where the bar belongs. */
function wordsOf(progress: TrainingProgress, label: string, wide: boolean): { text: string; place: number } {
  const { epoch, epochs, batch, batchesPerEpoch, evaluation, secondsLeft } = progress;
  const name = label === "" ? "" : `${label}  `;
  const left = secondsLeft === null ? [] : [`${duration(secondsLeft)} left`];
  if (evaluation) {
    const { stage, done, total } = evaluation;
    const before = `${name}${wide ? `epoch ${epoch}/${epochs}, ` : ""}measuring ${stage} `;
    return { text: `${before} ${[`${done}/${total}`, ...left].join("  ")}`, place: before.length };
  }
  const before = `${name}${wide ? "epoch " : ""}${epoch}/${epochs} `;
  const { loss, adversarialAccuracy, cleanAccuracy, robustAccuracy } = progress;
  const share = (word: string, value: number | null) => (value === null ? [] : [`${word} ${percent(value)}`]);
  const after = [
    `${batch}/${batchesPerEpoch}`,
    ...(loss === null ? [] : [`loss ${loss.toFixed(3)}`]),
    ...share("adv.", adversarialAccuracy),
    ...share("clean", cleanAccuracy),
    ...(wide ? share("robust", robustAccuracy) : []),
    `${Math.round(progress.imagesPerSecond)}${wide ? " images" : ""}/s`,
    ...left,
  ];
  return { text: `${before} ${after.join("  ")}`, place: before.length };
}

/** The header of the epochs' lines. */
export function epochHeader(): string {
  return aligned(columns);
}

/** One epoch: the columns of {@link epochHeader}; accuracies of the evaluation that followed it, where one did. */
export function epochLine(
  epoch: Extract<RunEvent, { type: "epoch" }>,
  epochs: number,
  evaluation: Extract<RunEvent, { type: "evaluation" }> | null,
): string {
  return aligned([
    `${epoch.epoch}/${epochs}`,
    epoch.loss.toFixed(4),
    percent(epoch.adversarialAccuracy),
    evaluation ? percent(evaluation.clean.accuracy) : "",
    evaluation ? percent(evaluation.robust.accuracy) : "",
    String(Number(epoch.learningRate.toPrecision(3))),
    duration(epoch.seconds + (evaluation?.seconds ?? 0)),
  ]).trimEnd();
}

function aligned(cells: readonly string[]): string {
  return cells.map((cell, i) => cell.padStart(widths[i]!)).join(" ");
}

/** Listens to a run and draws it. */
export class TrainingDisplay {
  readonly #line = new StatusLine();
  readonly #label: string;
  #epochs = 0;
  #pending: Extract<RunEvent, { type: "epoch" }> | null = null;
  #headerShown = false;

  /** @param label named before the bar, where several runs follow each other */
  constructor(label = "") {
    this.#label = label;
  }

  readonly onProgress = (progress: TrainingProgress): void => {
    // The line of an epoch waits for its evaluation, but no longer than to the next epoch's first batch.
    if (this.#pending && progress.evaluation === null && progress.epoch > this.#pending.epoch)
      this.#flush(null);
    this.#line.show(progressLine(progress, this.#label, this.#line.width));
  };

  readonly reporter = (event: RunEvent): void => {
    switch (event.type) {
      case "start":
        this.#epochs = event.epochs;
        if (event.resumedFrom) {
          const { epoch, batch } = event.resumedFrom;
          const place = batch === 0 ? `with epoch ${epoch}` : `in epoch ${epoch} after batch ${batch}`;
          this.#line.printAbove(`continuing ${place}`);
        }
        break;
      case "warning":
        this.#line.printAbove(`warning (${event.name}): ${event.message}`);
        break;
      case "epoch":
        this.#flush(null);
        this.#pending = event;
        break;
      case "evaluation":
        this.#flush(event);
        break;
      case "stopped":
        this.#flush(null);
        this.#line.printAbove(`stopped in epoch ${event.epoch} after batch ${event.batch}: ${event.reason}`);
        break;
      case "end":
        this.#flush(null);
        break;
    }
  };

  /** The measurement of a checkpoint after the training. */
  measuring(checkpoint: string, { stage, done, total, secondsLeft }: EvaluationProgress): void {
    const left = secondsLeft === null ? "" : `  ${duration(secondsLeft)} left`;
    const label = this.#label === "" ? "" : `${this.#label}  `;
    this.#line.show(
      `${label}measuring ${checkpoint}: ${stage} ${bar(done / total, 16)} ${done}/${total}${left}`,
    );
  }

  /** Takes the bar away; what was printed stays. */
  close(): void {
    this.#flush(null);
    this.#line.clear();
  }

  #flush(evaluation: Extract<RunEvent, { type: "evaluation" }> | null): void {
    const epoch = this.#pending;
    this.#pending = null;
    if (!epoch) return;
    if (!this.#headerShown) this.#line.printAbove(epochHeader());
    this.#headerShown = true;
    this.#line.printAbove(epochLine(epoch, this.#epochs, evaluation));
  }
}

/** The same for programs: one JSON object per line on stdout. */
export function jsonReporter(event: RunEvent): void {
  writeEvent(`${JSON.stringify(event)}\n`);
}
