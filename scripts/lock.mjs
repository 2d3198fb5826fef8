// Lets only one set-up work at a time, because two would overwrite each other's half-built files.
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** No set-up takes this long: an older lock was left behind when the machine stopped. */
const staleAfterMs = 45 * 60_000;

function ownerOf(lock) {
  try {
    return Number(readFileSync(join(lock, "pid"), "utf8"));
  } catch {
    return undefined;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

function isStale(lock) {
  let age;
  try {
    age = Date.now() - statSync(lock).mtimeMs;
  } catch {
    return false; // Released just now.
  }
  const owner = ownerOf(lock);
  // A lock without a pid was taken just now, or its owner ended before writing the pid.
  if (owner === undefined) return age > 5_000;
  return !isAlive(owner) || age > staleAfterMs;
}

/** Runs `work` while holding the lock folder. Waits for another holder, and takes the lock of one that has ended. */
export async function whileLocked(lock, onWait, work) {
  let told = false;
  for (;;) {
    try {
      mkdirSync(lock);
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    if (isStale(lock)) {
      rmSync(lock, { recursive: true, force: true });
      continue;
    }
    if (!told) onWait(ownerOf(lock));
    told = true;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  }
  try {
    writeFileSync(join(lock, "pid"), String(process.pid));
    return await work();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}
