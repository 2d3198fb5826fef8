// Ctrl-C: the first asks the work to stop at the next safe point, the second ends the program at once.
import { writeNote } from "./stderr.js";

/** The shell's exit code for an interrupted command: 128 + the number of SIGINT. */
export const exitInterrupted = 130;

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** The work that can be stopped; null where there is none, or it was asked already. */
let working: ((reason: Error, code: number) => void) | null = null;
let code: number | null = null;

/** The exit code of a command that was asked to stop before it was done; null where none was. */
export function interruption(): number | null {
  return code;
}

/**
 * Asks the running work to stop at the next safe point.
 * @param exitCode the program's, once the work has stopped
 * @returns false where nothing is running that could
 */
export function stopWork(reason: Error, exitCode: number): boolean {
  if (!working) return false;
  working(reason, exitCode);
  return true;
}

/**
 * A signal that aborts at the first Ctrl-C, SIGTERM or SIGHUP, or at {@link stopWork}. The handlers are then taken away, so
 * that the second one is the operating system's and works even while LibTorch keeps the thread busy.
 * @param promise what is said at the first, such as "stopping after this batch…"
 */
export function abortOnInterrupt(promise: string): AbortSignal {
  const controller = new AbortController();
  const bySignal = (signal: NodeJS.Signals) => stop(new Error(`interrupted (${signal})`), exitInterrupted);
  const stop = (reason: Error, exitCode: number) => {
    working = null;
    code = exitCode;
    for (const signal of signals) process.off(signal, bySignal);
    const again = exitCode === exitInterrupted ? " (Ctrl-C again ends at once)" : ` (${reason.message})`;
    writeNote(`\n${promise}${again}\n`);
    controller.abort(reason);
  };
  working = stop;
  for (const signal of signals) process.on(signal, bySignal);
  return controller.signal;
}
