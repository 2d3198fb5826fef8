// Keeps two processes from training the same run at once; a killed one's lock does not stand in the way.
import { ReatError } from "../errors.js";
import { tryLock } from "./process-lock.js";

/** Takes the lock. @throws ReatError `usage` while a living process holds it, `disk` */
export function lockRun(place: string): Disposable {
  const taken = tryLock(place);
  if ("lock" in taken) return taken.lock;
  throw new ReatError(
    "usage",
    `The run is being trained by process ${taken.holder.pid}; wait for it or stop it (if it is none of yours, delete ${place}).`,
  );
}
