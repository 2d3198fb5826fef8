// Counts of a fuzzing run, for the terminal and for the record.
import { faults } from "./case.js";
import type { Ended } from "./supervisor.js";

/** Of one kind of file. */
export interface FormatTally {
  cases: number;
  read: number;
  refused: number;
  found: number;
  /** Of the costliest case. */
  mostProcessorSeconds: number;
  mostBytes: number;
  /** How many different mutations there were, by their description without numbers. */
  mutations: number;
}

export interface FoundCase {
  readonly number: number;
  readonly format: string;
  readonly what: string;
  readonly fault: string;
  readonly message: string;
}

/** Sums up cases as they end. */
export class Tally {
  readonly formats = new Map<string, FormatTally>();
  readonly found: FoundCase[] = [];
  readonly #seen = new Map<string, Set<string>>();

  add(number: number, format: string, { what, outcome, cost }: Ended): void {
    const tally = this.formats.get(format) ?? {
      ...{ cases: 0, read: 0, refused: 0, found: 0 },
      ...{ mostProcessorSeconds: 0, mostBytes: 0, mutations: 0 },
    };
    this.formats.set(format, tally);
    tally.cases += 1;
    tally[outcome.verdict] += 1;
    tally.mostProcessorSeconds = Math.max(tally.mostProcessorSeconds, cost.processorSeconds);
    tally.mostBytes = Math.max(tally.mostBytes, cost.bytes ?? 0);
    const kinds = this.#seen.get(format) ?? new Set();
    this.#seen.set(format, kinds.add(what.replace(/\d+/g, "N")));
    tally.mutations = kinds.size;
    if (outcome.verdict === "found") {
      this.found.push({ number, format, what, fault: outcome.fault!, message: outcome.message });
    }
  }

  /** A table for the terminal. */
  table(): string {
    const head = ["kind", "cases", "read", "refused", "found", "most s", "most MiB"];
    const rows = [...this.formats].map(([name, tally]) => [
      ...[name, tally.cases, tally.read, tally.refused, tally.found].map(String),
      tally.mostProcessorSeconds.toFixed(1),
      String(Math.round(tally.mostBytes / 2 ** 20)),
    ]);
    const lines = [head, ...rows].map((cells) =>
      cells.map((cell, i) => (i === 0 ? cell.padEnd(14) : cell.padStart(9))).join(""),
    );
    return lines.join("\n");
  }

  /** Counts by fault, all of them, for the record. */
  byFault(): Record<string, number> {
    return Object.fromEntries(
      faults.map((fault) => [fault, this.found.filter((found) => found.fault === fault).length]),
    );
  }
}
