// A run's log in the formats of other programs, written during the run or from a past run's events.
import { join } from "node:path";
import type { EvaluationResult } from "../../evaluation/index.js";
import type { RunEvent } from "../../training/index.js";
import { CsvTables } from "./csv-tables.js";
import { EventClock } from "./event-clock.js";
import { entryOf, entryOfResult } from "./log-entries.js";
import { type LoggedImage, TensorBoardFile } from "./tensorboard.js";

/** Forms of logs beside metrics.jsonl. */
export const logForms = ["tensorboard", "csv"] as const;
/** The name of a form of another program that a run is written in. */
export type LogForm = (typeof logForms)[number];

/** What is written of a run for other programs, and where. */
export interface RunLogOptions {
  /** The run's folder; logs lie in `tensorboard` and `csv` below it. */
  readonly folder: string;
  readonly forms: readonly LogForm[];
  readonly classNames: readonly string[];
  /** Shown at step 0. */
  readonly images?: readonly LoggedImage[];
}

/** Hold it with `using`. */
export class RunLogs implements Disposable {
  readonly #classNames: readonly string[];
  readonly #tensorboard: TensorBoardFile | null;
  readonly #csv: CsvTables | null;
  readonly #clock: EventClock;

  /**
   * Writes what has happened so far, in place of what an earlier call wrote.
   * @param past the events so far, the first one being the run's start
   * @throws ReatError `disk`
   */
  constructor({ folder, forms, classNames, images = [] }: RunLogOptions, past: readonly RunEvent[]) {
    this.#classNames = classNames;
    this.#clock = new EventClock(past);
    const began = this.#clock.began;
    this.#tensorboard = forms.includes("tensorboard")
      ? new TensorBoardFile(join(folder, "tensorboard"), began)
      : null;
    this.#tensorboard?.addImages(0, images, began);
    this.#csv = forms.includes("csv") ? new CsvTables(join(folder, "csv"), classNames) : null;
    past.forEach((event, index) => {
      this.#write(event, this.#clock.timeOf(index));
    });
  }

  /** An event that happens now. @throws ReatError `disk` */
  add(event: RunEvent): void {
    this.#write(event, Date.now() / 1000);
  }

  /** Measurements of checkpoints. @throws ReatError `disk` */
  addResults(results: readonly EvaluationResult[]): void {
    for (const result of results) {
      const time = Date.parse(result.time) / 1000;
      this.#tensorboard?.add(entryOfResult(result, this.#classNames), time);
      this.#csv?.addResult(result);
    }
  }

  /** @throws ReatError `disk` */
  addImages(step: number, images: readonly LoggedImage[]): void {
    this.#tensorboard?.addImages(step, images, Date.now() / 1000);
  }

  #write(event: RunEvent, time: number): void {
    const entry = entryOf(event, this.#classNames);
    if (entry) this.#tensorboard?.add(entry, time);
    this.#csv?.add(event);
  }

  [Symbol.dispose](): void {
    this.#tensorboard?.[Symbol.dispose]();
  }
}
