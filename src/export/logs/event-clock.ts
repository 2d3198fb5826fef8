// Times of a log's events, computed from the start of the run and the durations of its parts.
import type { RunEvent } from "../../training/index.js";

/** Times of past events, in seconds since 1970, by their place in the log. */
export class EventClock {
  readonly #times: number[] = [];

  constructor(events: readonly RunEvent[]) {
    let now = 0;
    let batches = 1;
    /** Batch events of an epoch whose length is not known yet. */
    let waiting: { readonly index: number; readonly share: number }[] = [];
    events.forEach((event, index) => {
      switch (event.type) {
        case "start":
          // A run that is continued begins again.
          now = Math.max(now, Date.parse(event.time) / 1000 || 0);
          batches = event.batchesPerEpoch;
          waiting = [];
          break;
        case "batch":
          waiting.push({ index, share: event.batch / batches });
          break;
        case "epoch":
          for (const { index: earlier, share } of waiting) this.#times[earlier] = now + share * event.seconds;
          waiting = [];
          now += event.seconds;
          break;
        case "evaluation":
          now += event.seconds;
          break;
      }
      this.#times[index] = now;
    });
  }

  /** Of the first event; now where there is none. */
  get began(): number {
    return this.#times[0] ?? Date.now() / 1000;
  }

  timeOf(index: number): number {
    return this.#times[index]!;
  }
}
