// What a run's events add up to: where it stands, its figures so far, and the last batch.
import type {
  BatchEvent,
  EndEvent,
  EpochEvent,
  EvaluationEvent,
  RunEvent,
  StartEvent,
  StoppedEvent,
} from "../training/index.js";

/** How the trainer writes its many batches. Of them the last alone counts here, so that the others need not be read. */
export const batchLine = '{"type":"batch"';

/** Events in, position and figures out. */
export class RunProgress {
  start: StartEvent | null = null;
  epoch: EpochEvent | null = null;
  stopped: StoppedEvent | null = null;
  end: EndEvent | null = null;
  best: EvaluationEvent | null = null;
  last: EvaluationEvent | null = null;
  lastWarning: string | null = null;
  /** Lines that are no events. */
  damaged = 0;
  #seconds: number[] = [];
  #evaluation = { seconds: 0, epochs: new Set<number>() };
  #unread: string | null = null;
  #last: BatchEvent | null = null;

  /** A line of the log. */
  add(line: string): void {
    if (line.startsWith(batchLine) && line.endsWith("}")) {
      this.#unread = line;
      return;
    }
    if (line.trim() !== "") this.#parse(line);
  }

  /** The last batch. */
  get batch(): BatchEvent | null {
    const line = this.#unread;
    this.#unread = null;
    if (line !== null) this.#parse(line);
    return this.#last;
  }

  #parse(line: string): void {
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
        this.#last = event;
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
}
