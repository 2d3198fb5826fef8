// A run's numbers as CSV tables (RFC 4180): one line for each batch event, epoch, measurement, and class of a measurement.
import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cannotWrite, makeFolder } from "../../durable-file.js";
import { type AccuracyReport, attackLabel, type EvaluationResult } from "../../evaluation/index.js";
import type { RunEvent } from "../../training/index.js";

type Row = Readonly<Record<string, string | number | null>>;

/** A file whose columns are those of its rows so far; a new one is appended, and is empty in the rows before. */
class CsvFile {
  readonly #rows: Row[] = [];
  readonly #columns: string[] = [];

  constructor(readonly path: string) {}

  add(row: Row): void {
    this.#rows.push(row);
    const unknown = Object.keys(row).filter((column) => !this.#columns.includes(column));
    this.#columns.push(...unknown);
    try {
      if (unknown.length === 0) appendFileSync(this.path, this.#line(row));
      else writeFileSync(this.path, [this.#header(), ...this.#rows.map((each) => this.#line(each))].join(""));
    } catch (cause) {
      throw cannotWrite(this.path, cause);
    }
  }

  #header(): string {
    return `${this.#columns.map(quoted).join(",")}\r\n`;
  }

  #line(row: Row): string {
    return `${this.#columns.map((column) => quoted(String(row[column] ?? ""))).join(",")}\r\n`;
  }
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** `batches.csv`, `epochs.csv`, `evaluations.csv` and `classes.csv` in a folder, begun anew. */
export class CsvTables {
  readonly #batches: CsvFile;
  readonly #epochs: CsvFile;
  readonly #evaluations: CsvFile;
  readonly #classes: CsvFile;

  /** @throws ReatError `disk` */
  constructor(
    folder: string,
    readonly classNames: readonly string[],
  ) {
    makeFolder(folder);
    const file = (name: string) => new CsvFile(join(folder, name));
    this.#batches = file("batches.csv");
    this.#epochs = file("epochs.csv");
    this.#evaluations = file("evaluations.csv");
    this.#classes = file("classes.csv");
  }

  /** @throws ReatError `disk` */
  add(event: RunEvent): void {
    if (event.type === "batch") {
      const { type: _, terms, ...numbers } = event;
      this.#batches.add({ ...numbers, ...terms });
    } else if (event.type === "epoch") {
      const { epoch, seconds, loss, learningRate, adversarialAccuracy, terms, predictedCounts } = event;
      this.#epochs.add({
        ...{ epoch, seconds, loss, learningRate, adversarialAccuracy, ...terms },
        ...this.#byClass("predicted", predictedCounts ?? []),
      });
    } else if (event.type === "evaluation") {
      const { epoch, split, attack, clean, robust } = event;
      const of = { checkpoint: "", epoch, split };
      this.#measured({ ...of, measured: "clean" }, clean);
      this.#measured({ ...of, measured: attack }, robust);
    }
  }

  /** A measurement of a checkpoint. @throws ReatError `disk` */
  addResult({ checkpoint, epoch, split, attack, clean, robust }: EvaluationResult): void {
    this.#measured({ checkpoint, epoch, split, measured: "clean" }, clean);
    this.#measured({ checkpoint, epoch, split, measured: attackLabel(attack) }, robust);
  }

  #measured(of: Row, { total, accuracy, balanced, groups, perClass, predicted }: AccuracyReport): void {
    this.#evaluations.add({ ...of, images: total, accuracy, balanced, ...groups });
    perClass.forEach((entry, id) => {
      this.#classes.add({
        ...of,
        ...{ class: id, name: this.classNames[id] ?? "", images: entry.total, correct: entry.correct },
        ...{ accuracy: entry.accuracy, predicted: predicted[id] ?? null },
      });
    });
  }

  #byClass(prefix: string, counts: readonly number[]): Row {
    return Object.fromEntries(
      counts.map((count, id) => [`${prefix} ${this.classNames[id] ?? `class ${id}`}`, count]),
    );
  }
}
