// Keeps two processes from training the same run at once; a killed one's lock does not stand in the way.
import { closeSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { hostname } from "node:os";
import { cannotWrite } from "../durable-file.js";
import { ReatError } from "../errors.js";

interface Holder {
  readonly host: string;
  readonly pid: number;
  /** When the process began, in the kernel's ticks, so that a reused number is not mistaken for it. */
  readonly began: string | null;
}

/** Takes the lock. @throws ReatError `usage` while a living process holds it */
export function lockRun(file: string): Disposable {
  const mine: Holder = { host: hostname(), pid: process.pid, began: beginning(process.pid) };
  const holder = currentHolder(file);
  if (holder && isAlive(holder)) {
    throw new ReatError(
      "usage",
      `The run is being trained by process ${holder.pid}; wait for it or stop it (if it is none of yours, delete ${file}).`,
    );
  }
  rmSync(file, { force: true });
  try {
    const handle = openSync(file, "wx");
    writeSync(handle, JSON.stringify(mine));
    closeSync(handle);
  } catch (cause) {
    throw cannotWrite(file, cause);
  }
  return { [Symbol.dispose]: () => rmSync(file, { force: true }) };
}

function currentHolder(file: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Holder;
  } catch {
    // No lock, or one whose writing was cut off.
    return undefined;
  }
}

// On another machine it cannot be seen whether the process lives; such a lock is taken for a left-over.
function isAlive({ host, pid, began }: Holder): boolean {
  if (host !== hostname() || !Number.isInteger(pid)) return false;
  if (began !== null) return beginning(pid) === began;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function beginning(pid: number): string | null {
  try {
    // The program's name, in parentheses, may hold spaces; the beginning is the 20th field after it.
    const fields = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ").at(-1)!.split(" ");
    return fields[19] ?? null;
  } catch {
    return null;
  }
}
