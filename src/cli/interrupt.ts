// Ctrl-C: the first asks the work to stop at the next safe point, the second ends the program at once.
import { note } from "./terminal.js";

/** An interrupted command has done what it could; the shell's code for it is 128 + the signal's number. */
export const INTERRUPTED = 130;

let interrupted = false;

/** Whether a Ctrl-C has asked the running command to stop. */
export function wasInterrupted(): boolean {
  return interrupted;
}

/**
 * A signal that aborts at the first Ctrl-C (or SIGTERM). The handlers are then taken away, so that the second one is the
 * operating system's and works even while LibTorch keeps the thread busy.
 * @param promise what is said at the first, such as "stopping after this batch…"
 */
export function abortOnInterrupt(promise: string): AbortSignal {
  const controller = new AbortController();
  const stop = (signal: NodeJS.Signals) => {
    interrupted = true;
    process.off("SIGINT", stop);
    process.off("SIGTERM", stop);
    note(`\n${promise} (Ctrl-C again ends at once)`);
    controller.abort(new Error(`interrupted (${signal})`));
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  return controller.signal;
}
