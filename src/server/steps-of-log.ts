// The steps of a log as live charts show them: so many that a line is full, and no more.
import type { BatchEvent } from "../training/index.js";
import { LogTail } from "./log-tail.js";
import { batchLine } from "./run-progress.js";

/** One point of the live charts. */
export type Step = Pick<
  BatchEvent,
  "step" | "loss" | "adversarialAccuracy" | "learningRate" | "imagesPerSecond"
>;

/** Twice as many as a chart can show; then every second one is dropped. */
const mostSteps = 600;

/** Follows the batches of one log. */
export class StepsOfLog {
  readonly #tail: LogTail;
  #steps: Step[] = [];
  #stride = 1;
  #seen = 0;

  constructor(file: string) {
    this.#tail = new LogTail(file);
  }

  /** All steps so far, thinned out evenly. */
  look(): readonly Step[] {
    const { lines, restarted } = this.#tail.look();
    if (restarted) {
      this.#steps = [];
      this.#stride = 1;
      this.#seen = 0;
    }
    for (const line of lines) if (line.startsWith(batchLine)) this.#add(line);
    return this.#steps;
  }

  #add(line: string): void {
    this.#seen += 1;
    if (this.#seen % this.#stride !== 0) return;
    let event: BatchEvent;
    try {
      event = JSON.parse(line) as BatchEvent;
    } catch {
      // The page says elsewhere that the log is damaged.
      return;
    }
    const { step, loss, adversarialAccuracy, learningRate, imagesPerSecond } = event;
    this.#steps.push({ step, loss, adversarialAccuracy, learningRate, imagesPerSecond });
    if (this.#steps.length < mostSteps) return;
    this.#steps = this.#steps.filter((_, index) => index % 2 === 1);
    this.#stride *= 2;
  }
}
