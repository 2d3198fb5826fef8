// Finds the runs below a folder and follows them while anybody looks.
import { type Dirent, existsSync, readdirSync } from "node:fs";
import { basename, join, relative, resolve } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { RunRow } from "./messages.js";
import type { RunIndex } from "./run-index.js";
import { type KnownRow, WatchedRun } from "./run-row.js";
import { liesWithin } from "./within.js";

/** Folders of runs may hold folders of runs, such as those of a sweep. */
const deepest = 3;
const everyMilliseconds = 700;
/** Looking takes at most this share of a processor, for the runs that train need it. */
const mostOfTime = 0.1;
const longestPause = 5000;
/** Requests wait no longer for a look, and rows that were found no longer to be sent, in milliseconds. */
const turn = 15;
/** Rows of a high window. */
const screenful = 60;

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

  /** @param index what earlier servers found, and where this one keeps what it finds */
  constructor(
    readonly given: string,
    readonly index: RunIndex,
  ) {
    this.root = resolve(given);
  }

  get count(): number {
    return this.#runs.size;
  }

  /** A run that was found; undefined for every other name, so that no path of a visitor's reaches the disk. */
  run(id: string): WatchedRun | undefined {
    return this.#runs.get(id);
  }

  /** The rows that the page shows at first, in its order; before the runs were read, as an earlier server left them. */
  get screenful(): readonly RunRow[] {
    const found = [...this.#runs.values()].flatMap(({ row }) => (row ? [row] : []));
    return byName(this.#complete || found.length >= screenful ? found : this.index.rows).slice(0, screenful);
  }

  /** @returns a function that ends it */
  listen(listener: RunsListener): () => void {
    this.#listeners.add(listener);
    const known = [...this.#runs.values()].flatMap(({ row }) => (row ? [row] : []));
    if (known.length > 0) listener.rows(known);
    if (this.#complete) listener.ready();
    // What is known goes out before anything is looked at.
    setTimeout(() => void this.#follow(), turn);
    return () => this.#listeners.delete(listener);
  }

  async #follow(): Promise<void> {
    if (this.#timer) return;
    const start = performance.now();
    await this.refresh();
    const share = (performance.now() - start) / mostOfTime;
    const pause = Math.min(longestPause, Math.max(everyMilliseconds, share));
    if (this.#timer || this.#listeners.size === 0) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      void this.#follow();
    }, pause);
  }

  /** Looks at everything once; calls while that goes on share it. */
  refresh(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  async #look(): Promise<void> {
    const turns = new Turns();
    const folders = await runFolders(this.root, turns);
    const found = new Map(folders.map((folder) => [this.#idOf(folder), folder]));
    const gone = [...this.#runs.keys()].filter((id) => !found.has(id));
    for (const id of gone) this.#runs.delete(id);
    if (gone.length > 0) for (const listener of this.#listeners) listener.gone(gone);
    let changed: RunRow[] = [];
    const send = () => {
      if (changed.length > 0) for (const listener of this.#listeners) listener.rows(changed);
      changed = [];
    };
    for (const [id, folder] of found) {
      const known = this.#runs.has(id) ? undefined : this.index.row(id);
      const run = this.#runs.get(id) ?? new WatchedRun(this.root, folder, id);
      this.#runs.set(id, run);
      const row = run.look(known);
      if (row) changed.push(row);
      await turns.take(send);
    }
    send();
    this.index.keep(
      [...this.#runs].flatMap(([id, { known }]): [string, KnownRow][] => (known ? [[id, known]] : [])),
    );
    if (this.#complete) return;
    this.#complete = true;
    for (const listener of this.#listeners) listener.ready();
  }

  #idOf(folder: string): string {
    return relative(this.root, folder) || basename(this.root);
  }

  [Symbol.dispose](): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    this.#listeners.clear();
  }
}

const collator = new Intl.Collator("en", { numeric: true });

function byName(rows: readonly RunRow[]): RunRow[] {
  return [...rows].sort((a, b) => collator.compare(a.name, b.name));
}

/** The folders of runs below a folder, by name; a link that leads out of it is not followed. */
async function runFolders(root: string, turns: Turns, folder = root, depth = 0): Promise<string[]> {
  if (existsSync(join(folder, "config.yaml")) || existsSync(join(folder, "metrics.jsonl"))) return [folder];
  if (depth === deepest) return [];
  let entries: Dirent[];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
  const found: string[] = [];
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name.startsWith(".")) continue;
    const path = join(folder, entry.name);
    // What is no link lies where its folder does.
    if (!entry.isDirectory() && !(entry.isSymbolicLink() && liesWithin(root, path))) continue;
    found.push(...(await runFolders(root, turns, path, depth + 1)));
    await turns.take();
  }
  return found;
}

/** Lets requests in between pieces of long work. */
class Turns {
  #since = performance.now();

  /** @param before what is done before others have their turn */
  async take(before?: () => void): Promise<void> {
    if (performance.now() - this.#since < turn) return;
    before?.();
    await nextTurn();
    this.#since = performance.now();
  }
}
