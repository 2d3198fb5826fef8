// What a run's events add up to: where it stands, its figures so far, and the steps that a live chart shows.
import type {
  BatchEvent,
  EndEvent,
  EpochEvent,
  EvaluationEvent,
  RunEvent,
  StartEvent,
  StoppedEvent,
} from "../training/index.js";

/** One point of the live charts. */
export type Step = Pick<
  BatchEvent,
  "step" | "loss" | "adversarialAccuracy" | "learningRate" | "imagesPerSecond"
>;

/** Twice as many as a chart can show; then every second one is dropped. */
const mostSteps = 600;

/** Events in, position and figures out. */
export class RunProgress {
  start: StartEvent | null = null;
  epoch: EpochEvent | null = null;
  batch: BatchEvent | null = null;
  stopped: StoppedEvent | null = null;
  end: EndEvent | null = null;
  best: EvaluationEvent | null = null;
  last: EvaluationEvent | null = null;
  lastWarning: string | null = null;
  /** Lines that are no events. */
  damaged = 0;
  steps: Step[] = [];
  #seconds: number[] = [];
  #evaluation = { seconds: 0, epochs: new Set<number>() };
  #stride = 1;
  #seen = 0;

  /** A line of the log. */
  add(line: string): void {
    if (line.trim() === "") return;
    try {
      const event = JSON.parse(line) as RunEvent | null;
      if (typeof event !== "object" || event === null) throw new TypeError("no event");
      this.#take(event);
    } catch {
      this.damaged += 1;
    }
  }

  /** Seconds until the last epoch is trained, as the epochs so far took; null before the first. */
  get secondsLeft(): number | null {
    const planned = this.start?.epochs;
    if (planned === undefined || this.#seconds.length === 0 || this.end) return null;
    const recent = this.#seconds.slice(-5);
    const training = recent.reduce((sum, value) => sum + value, 0) / recent.length;
    const { seconds, epochs } = this.#evaluation;
    const done = this.epoch?.epoch ?? 0;
    const measuring = epochs.size > 0 && done > 0 ? seconds / done : 0;
    const within =
      this.batch && this.batch.epoch > done ? this.batch.batch / (this.start?.batchesPerEpoch ?? 1) : 0;
    return Math.max(0, (planned - done - within) * (training + measuring));
  }

  #take(event: RunEvent): void {
    switch (event.type) {
      case "start":
        this.start = event;
        this.stopped = null;
        this.end = null;
        break;
      case "batch":
        this.batch = event;
        this.#keep(event);
        break;
      case "epoch":
        this.epoch = event;
        if (Number.isFinite(event.seconds)) this.#seconds.push(event.seconds);
        break;
      case "evaluation":
        this.#evaluation.seconds += event.seconds;
        this.#evaluation.epochs.add(event.epoch);
        this.last = event;
        if (!this.best || event.robust.accuracy > this.best.robust.accuracy) this.best = event;
        break;
      case "best":
        // Chosen by the split of the run's selection, which need not have the highest figure of all.
        if (this.last?.epoch === event.epoch) this.best = this.last;
        break;
      case "warning":
        this.lastWarning = event.message;
        break;
      case "stopped":
        this.stopped = event;
        break;
      case "end":
        this.end = event;
        break;
    }
  }

  #keep({ step, loss, adversarialAccuracy, learningRate, imagesPerSecond }: BatchEvent): void {
    this.#seen += 1;
    if (this.#seen % this.#stride !== 0) return;
    this.steps.push({ step, loss, adversarialAccuracy, learningRate, imagesPerSecond });
    if (this.steps.length < mostSteps) return;
    this.steps = this.steps.filter((_, index) => index % 2 === 1);
    this.#stride *= 2;
  }
}
