// How fast training goes and how long it will still take.
import type { EvaluationProgress } from "../evaluation/index.js";
import type { TrainingProgress } from "./options.js";

/** What a pace is computed from. */
interface Plan {
  readonly epochs: number;
  readonly batchesPerEpoch: number;
  /** Measurements after the given epoch's own, up to the end. */
  readonly measurementsAfter: (epoch: number) => number;
}

/** Watches one session of a run; the numbers are for people, not for the log. */
export class Pace {
  #batchSeconds: number | null = null;
  #imagesPerSecond = 0;
  #measurementSeconds: number | null = null;
  #began = performance.now();
  #loss: number | null = null;
  #adversarialAccuracy: number | null = null;
  #measured: { clean: number; robust: number } | null = null;

  constructor(readonly plan: Plan) {}

  /** Takes a batch's duration. The first batches are slower, so the newest count most. */
  batch(images: number, seconds: number): void {
    const blend = (before: number | null, now: number) => (before === null ? now : 0.9 * before + 0.1 * now);
    this.#batchSeconds = blend(this.#batchSeconds, seconds);
    this.#imagesPerSecond = images / Math.max(this.#batchSeconds, 1e-9);
  }

  means(loss: number, adversarialAccuracy: number | null): void {
    this.#loss = loss;
    this.#adversarialAccuracy = adversarialAccuracy;
  }

  measurementBegins(): void {
    this.#began = performance.now();
  }

  measurementEnds(clean: number, robust: number): void {
    this.#measurementSeconds = (performance.now() - this.#began) / 1000;
    this.#measured = { clean, robust };
  }

  progress(epoch: number, batch: number, evaluation: EvaluationProgress | null = null): TrainingProgress {
    const { epochs, batchesPerEpoch, measurementsAfter } = this.plan;
    const batchesLeft = (epochs - epoch + 1) * batchesPerEpoch - batch;
    // The epoch's own measurement, if there is one, is ahead until it is over.
    const measurements = measurementsAfter(epoch - 1);
    const elapsed = evaluation ? (performance.now() - this.#began) / 1000 : 0;
    const secondsLeft =
      this.#batchSeconds === null
        ? null
        : Math.max(
            0,
            batchesLeft * this.#batchSeconds + measurements * (this.#measurementSeconds ?? 0) - elapsed,
          );
    return {
      epoch,
      epochs,
      batch,
      batchesPerEpoch,
      imagesPerSecond: this.#imagesPerSecond,
      secondsLeft,
      loss: this.#loss,
      adversarialAccuracy: this.#adversarialAccuracy,
      cleanAccuracy: this.#measured?.clean ?? null,
      robustAccuracy: this.#measured?.robust ?? null,
      evaluation,
    };
  }
}
