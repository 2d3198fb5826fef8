// A lock that one living process at a time can hold, and that a killed one leaves free.
import { closeSync, openSync, readdirSync, readFileSync, rmdirSync, rmSync, unlinkSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { cannotWrite, makeFolder } from "../durable-file.js";
import { ReatError } from "../errors.js";

/** Who holds a lock. */
export interface LockHolder {
  readonly host: string;
  readonly pid: number;
  /** When the process began, in the kernel's ticks, so that a reused number is not mistaken for it; null where unknown. */
  readonly began: string | null;
}

/** The lock, which the caller disposes, or the process that holds it. */
export type LockAttempt = { readonly lock: Disposable } | { readonly holder: LockHolder };

/** Two processes that claim it at the same moment both withdraw, and try again after unequal pauses. */
const attempts = 5;

/** `/proc` does not exist on every system. */
const unknown = "unknown";

let claimsMade = 0;

/**
 * Takes the lock, a folder at `place`, unless a living process on this machine holds it.
 *
 * Every process puts a file of its own into the folder and only then looks at the others: of two, at least one sees the
 * other. No process removes or overwrites what a living process may have made, so the time between two steps does not
 * matter.
 * @throws ReatError `disk`
 */
export function tryLock(place: string): LockAttempt {
  for (let attempt = 1; ; attempt++) {
    const older = holderByFile(place);
    if (older) return { holder: older };
    const claim = makeClaim(place);
    const release = () => withdraw(place, claim);
    let holder: LockHolder | undefined;
    try {
      holder = otherHolder(place, claim);
    } catch (cause) {
      release();
      throw cannotWrite(place, cause);
    }
    if (!holder) return { lock: { [Symbol.dispose]: release } };
    release();
    if (attempt === attempts) return { holder };
    pause(2 + Math.random() * 10 * attempt);
  }
}

/** The living process that holds the lock, as far as it can be seen; changes nothing. */
export function lockHolder(place: string): LockHolder | null {
  let names: string[];
  try {
    names = readdirSync(place);
  } catch {
    return null;
  }
  return names.flatMap(claimant).find(isAlive) ?? null;
}

/** An empty file whose name holds all facts: it exists completely or not at all. */
function makeClaim(place: string): string {
  const began = beginning(process.pid) ?? unknown;
  claimsMade += 1;
  const name = `${process.pid}-${began}-${claimsMade}-${encodeURIComponent(hostname())}`;
  for (;;) {
    try {
      makeFolder(place);
      closeSync(openSync(join(place, name), "wx"));
      return name;
    } catch (cause) {
      // A withdrawing process removes the empty folder; then it is made again.
      const { code } = cause as NodeJS.ErrnoException;
      if (code !== "ENOENT") throw cause instanceof ReatError ? cause : cannotWrite(place, cause);
    }
  }
}

/** The first claim of another living process; those of ended processes are removed. */
function otherHolder(place: string, own: string): LockHolder | undefined {
  for (const name of readdirSync(place)) {
    const [holder] = claimant(name);
    if (name === own || !holder) continue;
    if (isAlive(holder)) return holder;
    rmSync(join(place, name), { force: true });
  }
  return undefined;
}

/** Who made a claim of this name; none where the name is no claim's. */
function claimant(name: string): LockHolder[] {
  const match = /^(\d+)-(\w+)-\d+-(.+)$/.exec(name);
  if (!match) return [];
  const [, pid, began, host] = match;
  return [{ host: decoded(host!), pid: Number(pid), began: began === unknown ? null : began! }];
}

function decoded(host: string): string {
  try {
    return decodeURIComponent(host);
  } catch {
    return host;
  }
}

function withdraw(place: string, claim: string): void {
  rmSync(join(place, claim), { force: true });
  try {
    rmdirSync(place);
  } catch {
    // Another claim is in it.
  }
}

/** Earlier versions used one file instead of the folder; a left-over one is removed. */
function holderByFile(place: string): LockHolder | undefined {
  let text: string;
  try {
    text = readFileSync(place, "utf8");
  } catch {
    return undefined;
  }
  const holder = parseHolder(text);
  if (holder && isAlive(holder)) return holder;
  try {
    // Fails where another process has made the folder meanwhile.
    unlinkSync(place);
  } catch {}
  return undefined;
}

function parseHolder(text: string): LockHolder | undefined {
  try {
    const { host, pid, began } = JSON.parse(text) as Partial<LockHolder>;
    return typeof host === "string" && typeof pid === "number"
      ? { host, pid, began: began ?? null }
      : undefined;
  } catch {
    return undefined;
  }
}

// On another machine it cannot be seen whether the process lives; such a lock is taken for a left-over.
function isAlive({ host, pid, began }: LockHolder): boolean {
  // 0 and negative numbers would name groups of processes.
  if (host !== hostname() || !Number.isSafeInteger(pid) || pid <= 0) return false;
  const now = beginning(pid);
  if (began !== null && now !== null) return now === began;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Null where there is no such process, or it has ended and waits for its parent, or it is not visible. */
function beginning(pid: number): string | null {
  try {
    // The program's name, in parentheses, may hold spaces; the beginning is the 20th field after it.
    const fields = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ").at(-1)!.split(" ");
    return fields[0] === "Z" ? "ended" : (fields[19] ?? null);
  } catch {
    return null;
  }
}

function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
