// Processes with the same measurement take turns: the second uses what the first has measured.

import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { makeFolder } from "../../durable-file.js";
import type { ProcessTeam } from "../../tensor/index.js";
import { tryLock } from "../../training/index.js";

/** Callbacks while another process has its turn. */
export interface Waiting {
  /** Once, with the number of the process that is waited for. */
  readonly onWait?: ((pid: number) => void) | undefined;
  /** Ends the waiting by throwing its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Processes that wait together; the first one alone has the turn. */
  readonly team?: ProcessTeam | null | undefined;
}

const secondsBetweenLooks = 0.2;

/**
 * Waits until no other process works at `path`, the folder or file of an unfinished measurement. Dispose of it when the
 * work is done or has failed.
 * @throws ReatError `disk` where nothing can be written there; the signal's reason
 */
export async function takeTurn(path: string, { onWait, signal, team }: Waiting = {}): Promise<Disposable> {
  if (team) return takeTurnTogether(path, { onWait, signal, team });
  makeFolder(dirname(path));
  for (let told = false; ; told = true) {
    const taken = tryLock(`${path}.lock`);
    if ("lock" in taken) return taken.lock;
    if (!told) onWait?.(taken.holder.pid);
    await sleep(1000 * secondsBetweenLooks, undefined, { signal }).catch(() => signal?.throwIfAborted());
  }
}

async function takeTurnTogether(
  path: string,
  { onWait, signal, team }: Waiting & { readonly team: ProcessTeam },
): Promise<Disposable> {
  let lock: Disposable = { [Symbol.dispose]() {} };
  // The others ask along, so that none of them waits too long for an answer.
  for (let told = false; ; told = true) {
    const holder = await team.decide(() => {
      makeFolder(dirname(path));
      const taken = tryLock(`${path}.lock`);
      if (!("lock" in taken)) return taken.holder.pid;
      lock = taken.lock;
      return null;
    });
    if (holder === null) return lock;
    if (!told) onWait?.(holder);
    await sleep(1000 * secondsBetweenLooks);
    await team.exchange(null);
    signal?.throwIfAborted();
  }
}

/** Whether some process has its turn at `path`, or was killed in it. */
export function isTaken(path: string): boolean {
  return existsSync(`${path}.lock`);
}

/** The turn, or null where another process has it or nothing can be written. */
export function turnIfFree(path: string): Disposable | null {
  try {
    const taken = tryLock(`${path}.lock`);
    return "lock" in taken ? taken.lock : null;
  } catch {
    return null;
  }
}
