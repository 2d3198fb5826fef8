// Works through a queue of runs: each under a lock, so that several processes share the work; one that fails stops no other.
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { makeFolder } from "../durable-file.js";
import { tryLock } from "../training/index.js";

/** A run of the queue. Its lock is `<folder>.lock`. */
export interface QueuedRun {
  readonly folder: string;
}

/** What a queue's work is watched and stopped with. */
export interface QueueWatch<Run extends QueuedRun> {
  /** A run begins or goes on. */
  readonly onBegin?: (run: Run, index: number) => void;
  /** A run is done, or failed. */
  readonly onEnd?: (run: Run, error: Error | null) => void;
  /** Only runs of other processes are left. */
  readonly onWait?: (run: Run, pid: number) => void;
  readonly signal?: AbortSignal;
}

/** Seconds between two looks at runs that other processes work on. */
const secondsBetweenLooks = 1;

/**
 * Finishes what is not finished.
 * @param isDone is asked under the run's lock
 * @returns the runs that failed, in their order
 * @throws the signal's reason when it is aborted
 */
export async function workThroughQueue<Run extends QueuedRun>(
  runs: readonly Run[],
  { isDone, finish }: { isDone(run: Run): boolean; finish(run: Run): Promise<void> },
  watch: QueueWatch<Run> = {},
): Promise<{ readonly run: Run; readonly error: Error }[]> {
  const { signal } = watch;
  const failed: { readonly run: Run; readonly error: Error }[] = [];
  let open = runs.map((run, index) => ({ run, index }));
  let told: Run | null = null;
  while (open.length > 0) {
    const held: typeof open = [];
    let holder: { run: Run; pid: number } | null = null;
    for (const each of open) {
      signal?.throwIfAborted();
      const { run, index } = each;
      try {
        makeFolder(dirname(run.folder));
        const taken = tryLock(`${run.folder}.lock`);
        if (!("lock" in taken)) {
          held.push(each);
          holder ??= { run, pid: taken.holder.pid };
          continue;
        }
        using _lock = taken.lock;
        if (isDone(run)) continue;
        watch.onBegin?.(run, index);
        await finish(run);
        watch.onEnd?.(run, null);
      } catch (cause) {
        signal?.throwIfAborted();
        const error = cause instanceof Error ? cause : new Error(String(cause));
        failed.push({ run, error });
        watch.onEnd?.(run, error);
      }
    }
    if (holder && told !== holder.run) watch.onWait?.(holder.run, holder.pid);
    told = holder?.run ?? null;
    // A look at all that was open found every run held: wait for one to be let go.
    if (held.length === open.length) {
      await sleep(1000 * secondsBetweenLooks, undefined, signal ? { signal } : {}).catch(() =>
        signal?.throwIfAborted(),
      );
    }
    open = held;
  }
  return failed;
}
