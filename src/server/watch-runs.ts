// Finds the runs below a folder and follows them while anybody looks.
import { type Dirent, existsSync, readdirSync } from "node:fs";
import { basename, join, relative, resolve } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { RunRow } from "./messages.js";
import { WatchedRun } from "./run-row.js";
import { liesWithin } from "./within.js";

/** Folders of runs may hold folders of runs, such as those of a sweep. */
const deepest = 3;
const everyMilliseconds = 700;
/** Rows that are sent together while a folder is read for the first time. */
const together = 40;

export interface RunsListener {
  rows(rows: readonly RunRow[]): void;
  gone(ids: readonly string[]): void;
  ready(): void;
}

/** All runs of a folder. Nothing is read while nobody listens. */
export class RunsWatch implements Disposable {
  readonly root: string;
  readonly #runs = new Map<string, WatchedRun>();
  readonly #listeners = new Set<RunsListener>();
  #timer: NodeJS.Timeout | null = null;
  #looking: Promise<void> | null = null;
  #complete = false;

  constructor(folder: string) {
    this.root = resolve(folder);
  }

  get count(): number {
    return this.#runs.size;
  }

  /** A run that was found; undefined for every other name, so that no path of a visitor's reaches the disk. */
  run(id: string): WatchedRun | undefined {
    return this.#runs.get(id);
  }

  /** @returns a function that ends it */
  listen(listener: RunsListener): () => void {
    this.#listeners.add(listener);
    const known = [...this.#runs.values()].flatMap(({ row }) => (row ? [row] : []));
    if (known.length > 0) listener.rows(known);
    if (this.#complete) listener.ready();
    void this.refresh();
    this.#timer ??= setInterval(() => void this.refresh(), everyMilliseconds);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0 || !this.#timer) return;
      clearInterval(this.#timer);
      this.#timer = null;
    };
  }

  /** Looks at everything once; calls while that goes on share it. */
  refresh(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  async #look(): Promise<void> {
    const found = new Map(runFolders(this.root).map((folder) => [this.#idOf(folder), folder]));
    const gone = [...this.#runs.keys()].filter((id) => !found.has(id));
    for (const id of gone) this.#runs.delete(id);
    if (gone.length > 0) for (const listener of this.#listeners) listener.gone(gone);
    let changed: RunRow[] = [];
    const send = () => {
      if (changed.length > 0) for (const listener of this.#listeners) listener.rows(changed);
      changed = [];
    };
    let looked = 0;
    for (const [id, folder] of found) {
      const run = this.#runs.get(id) ?? new WatchedRun(this.root, folder, id);
      this.#runs.set(id, run);
      const row = run.look();
      if (row) changed.push(row);
      looked += 1;
      if (changed.length >= together || looked % 100 === 0) {
        send();
        await nextTurn();
      }
    }
    send();
    if (this.#complete) return;
    this.#complete = true;
    for (const listener of this.#listeners) listener.ready();
  }

  #idOf(folder: string): string {
    return relative(this.root, folder) || basename(this.root);
  }

  [Symbol.dispose](): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
    this.#listeners.clear();
  }
}

/** The folders of runs below a folder, by name; a link that leads out of it is not followed. */
function runFolders(root: string, folder = root, depth = 0): string[] {
  if (existsSync(join(folder, "config.yaml")) || existsSync(join(folder, "metrics.jsonl"))) return [folder];
  if (depth === deepest) return [];
  let entries: Dirent[];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
  return entries
    .filter((entry) => !entry.name.startsWith("."))
    .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
    .map((entry) => join(folder, entry.name))
    .filter((path) => liesWithin(root, path))
    .sort()
    .flatMap((path) => runFolders(root, path, depth + 1));
}
