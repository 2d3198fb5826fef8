// What the page knows: rows of runs and jobs as the stream tells them, the choice of runs, the address.
import { useEffect, useState } from "preact/hooks";
import type { Job, RunRow, SentRows, StreamEvents } from "../src/server/messages.js";
import { withShared } from "../src/server/sent-rows.js";

/** How the stream is: `lost` tries again by itself, `refused` needs another address. */
export type Connection = "opening" | "open" | "lost" | "refused";

export interface State {
  readonly rows: ReadonlyMap<string, RunRow>;
  readonly jobs: readonly Job[];
  readonly connection: Connection;
  /** All runs have been read once. */
  readonly complete: boolean;
  readonly folder: string;
  readonly path: string;
  /** Runs marked for comparison, in the order of their colours. */
  readonly chosen: readonly string[];
  readonly problem: string | null;
}

let state: State = {
  rows: new Map(),
  jobs: [],
  connection: "opening",
  complete: false,
  folder: "",
  path: "",
  chosen: [],
  problem: null,
};
const listeners = new Set<() => void>();

export function update(change: Partial<State>): void {
  state = { ...state, ...change };
  for (const listener of listeners) listener();
}

export function current(): State {
  return state;
}

/** A part of the state; the component is drawn again when it changes. */
export function useStore<T>(select: (state: State) => T): T {
  const [, draw] = useState(0);
  const selected = select(state);
  useEffect(() => {
    let before = selected;
    const look = () => {
      const now = select(state);
      if (Object.is(now, before)) return;
      before = now;
      draw((n) => n + 1);
    };
    look();
    listeners.add(look);
    return () => void listeners.delete(look);
  }, []);
  return selected;
}

export const mostChosen = 8;

export function toggleChosen(id: string): void {
  const { chosen } = state;
  if (chosen.includes(id)) update({ chosen: chosen.filter((other) => other !== id) });
  else if (chosen.length < mostChosen) update({ chosen: [...chosen, id] });
}

/** Rows that came with the page; the stream corrects them. */
export function takeFirstRows(): void {
  const block = document.getElementById("first-rows");
  if (block) take(withShared(JSON.parse(block.textContent) as SentRows));
}

/** Opens the stream; it opens itself again when the server was away for a while. */
export function connect(): void {
  const source = new EventSource("/api/stream");
  /** Rows since the stream opened: what a server that was started anew does not name is gone. */
  let named = new Set<string>();
  const on = <E extends keyof StreamEvents>(event: E, take: (data: StreamEvents[E]) => void) =>
    source.addEventListener(event, (message) => take(JSON.parse((message as MessageEvent<string>).data)));
  source.onopen = () => {
    named = new Set();
    update({ connection: "open" });
  };
  source.onerror = () => {
    const refused = source.readyState === EventSource.CLOSED;
    update({ connection: refused ? "refused" : "lost" });
    // Firefox gives up where the server is away.
    if (refused) setTimeout(() => void again(), 2000);
  };
  on("rows", (sent) => {
    const rows = withShared(sent);
    for (const { id } of rows) named.add(id);
    take(rows);
  });
  on("gone", (ids) => {
    flush();
    forget(ids);
  });
  on("jobs", (jobs) => update({ jobs }));
  on("ready", ({ folder, path }) => {
    flush();
    forget([...state.rows.keys()].filter((id) => !named.has(id)));
    update({ complete: true, folder, path });
  });
}

/** While a folder is read, rows come in many small messages; the table is not drawn for each. */
const together = 100;
let waiting: RunRow[] = [];
let drawn = Number.NEGATIVE_INFINITY;
let timer: ReturnType<typeof setTimeout> | null = null;

function take(rows: readonly RunRow[]): void {
  waiting.push(...rows);
  const pause = drawn + together - performance.now();
  if (pause <= 0) flush();
  else timer ??= setTimeout(flush, pause);
}

function flush(): void {
  if (timer) clearTimeout(timer);
  timer = null;
  if (waiting.length === 0) return;
  const next = new Map(state.rows);
  for (const row of waiting) next.set(row.id, row);
  waiting = [];
  drawn = performance.now();
  update({ rows: next });
}

async function again(): Promise<void> {
  try {
    const answer = await fetch("/api/choices");
    if (answer.ok) connect();
  } catch {
    setTimeout(() => void again(), 2000);
  }
}

function forget(ids: readonly string[]): void {
  if (ids.length === 0) return;
  const next = new Map(state.rows);
  for (const id of ids) next.delete(id);
  update({ rows: next, chosen: state.chosen.filter((id) => next.has(id)) });
}

/** Asks the server. @throws Error with its sentence */
export async function ask<T>(path: string, options: RequestInit = {}): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new Error("The server does not answer; is `reat ui` still running?");
  }
  const text = await answer.text();
  if (answer.ok) return JSON.parse(text) as T;
  let told = text;
  try {
    told = (JSON.parse(text) as { error: string }).error;
  } catch {}
  throw new Error(told || `The server answered ${answer.status}.`);
}
