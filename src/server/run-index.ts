// Rows of runs that rest, kept from server to server: a thousand logs need not be read before the table is there.
import { createHash } from "node:crypto";
import { readFileSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { cacheFolder } from "../data/index.js";
import { makeFolder, writeDurably } from "../durable-file.js";
import type { RunRow } from "./messages.js";
import type { KnownRow } from "./run-row.js";

/** Grows when rows come to hold something else; older files are then as good as none. */
const format = 1;
/** Between two writings. */
const pause = 10_000;

const stored = z.object({
  format: z.literal(format),
  rows: z.record(z.string(), z.object({ stamp: z.string(), row: z.custom<RunRow>(isRow) })),
});

/** A file in the cache for each folder of runs. Whatever is wrong with it costs time and nothing else. */
export class RunIndex {
  readonly file: string;
  #rows = new Map<string, KnownRow>();
  #written = Number.NEGATIVE_INFINITY;

  /** @param root folder of runs, which exists */
  constructor(root: string, cache = cacheFolder()) {
    const name = createHash("sha256").update(realpathSync(root)).digest("hex").slice(0, 32);
    this.file = join(cache, "dashboard", `${name}.json`);
    try {
      const { rows } = stored.parse(JSON.parse(readFileSync(this.file, "utf8")));
      this.#rows = new Map(Object.entries(rows));
    } catch {
      // None yet, or damaged: the runs are read, and it is written anew.
    }
  }

  /** All rows, whether they hold still or not. */
  get rows(): RunRow[] {
    return [...this.#rows.values()].map(({ row }) => row);
  }

  /** What is known of a run; it holds only while its files have the same stamp. */
  row(id: string): KnownRow | undefined {
    return this.#rows.get(id);
  }

  /** All runs that rest now; written where they are others than before, though not at every change. */
  keep(rows: readonly (readonly [string, KnownRow])[]): void {
    const now = performance.now();
    const same =
      rows.length === this.#rows.size && rows.every(([id, { stamp }]) => this.#rows.get(id)?.stamp === stamp);
    if (same || now - this.#written < pause) return;
    this.#rows = new Map(rows);
    this.#written = now;
    void this.#write();
  }

  async #write(): Promise<void> {
    try {
      makeFolder(dirname(this.file));
      const content = JSON.stringify({ format, rows: Object.fromEntries(this.#rows) });
      await writeDurably(this.file, content, { shared: true });
    } catch {
      // A full or read-only disk: the next server reads the runs again.
    }
  }
}

/** As far as the table would fail on anything else. */
function isRow(value: unknown): boolean {
  const { id, name, state, settings, measured } = (value ?? {}) as Record<string, unknown>;
  return (
    [id, name, state].every((text) => typeof text === "string") &&
    [settings, measured].every((object) => typeof object === "object" && object !== null)
  );
}
