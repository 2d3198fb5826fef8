// Writes a file so that its name holds either what was there before or all that is new, even after a power cut.
import { mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { ReatError } from "./errors.js";

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: "no space is left on the disk",
  EDQUOT: "the disk quota is used up",
  EROFS: "the disk is read-only",
  EACCES: "there is no permission to write there",
  EPERM: "there is no permission to write there",
  ENOENT: "its folder does not exist",
  EEXIST: "a file of that name is in the way",
  ENOTDIR: "a part of its path is a file",
  EIO: "the disk reported a fault",
  EMFILE: "too many files are open (`ulimit -n` tells the limit)",
  ENFILE: "too many files are open on this machine",
};

/** One sentence for a failed write, with code `disk`. */
export function cannotWrite(file: string, cause: unknown, consequence = ""): ReatError {
  const { code = "", message = String(cause) } = cause as Partial<NodeJS.ErrnoException>;
  return new ReatError("disk", `${file} cannot be written: ${reasons[code] ?? message}${consequence}.`, {
    cause,
  });
}

/**
 * Makes a folder and those above it, where they are not there.
 * @throws ReatError `disk`
 */
export function makeFolder(path: string): void {
  try {
    makeFolders(resolve(path));
  } catch (cause) {
    throw cannotWrite(path, cause);
  }
}

// Node's own recursion tells "no such folder" where the disk is read-only.
function makeFolders(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
  if (dirname(path) !== path) makeFolders(dirname(path));
  try {
    mkdirSync(path);
  } catch (cause) {
    // Another process was faster.
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw cause;
  }
}

/** How a file is written. */
export interface DurableOptions {
  /**
   * Several processes may write the file at the same time: each then has a temporary file of its own, and the last to
   * finish wins. Default: false, for files that a lock protects.
   */
  readonly shared?: boolean;
}

let written = 0;

/**
 * Temporary file beside it, flushed to the disk, renamed, folder flushed. The temporary file is gone afterwards in any
 * case but a kill; the next write takes its place.
 * @throws ReatError `disk` when it cannot be written; the file is what it was before
 */
export async function writeDurably(
  file: string,
  content: string | readonly Uint8Array[],
  { shared = false }: DurableOptions = {},
): Promise<void> {
  written += 1;
  const temporary = shared ? `${file}.${process.pid}-${written}.tmp` : `${file}.tmp`;
  const parts = typeof content === "string" ? [Buffer.from(content)] : content;
  let handle: FileHandle | undefined;
  try {
    handle = await open(temporary, "w");
    for (const part of parts) await writeAll(handle, part);
    await handle.sync();
    await handle.close();
    handle = undefined;
    await rename(temporary, file);
    await syncFolder(dirname(file));
    if (shared) removeLeftOvers(file);
  } catch (cause) {
    await handle?.close().catch(() => {});
    await rm(temporary, { force: true }).catch(() => {});
    throw cannotWrite(file, cause, "; what it held before is unchanged");
  }
}

/** Removes the temporary files, named `FILE.PID.tmp` or `FILE.PID-N.tmp`, of processes that were killed. */
export function removeLeftOvers(file: string): void {
  try {
    for (const name of readdirSync(dirname(file))) {
      const pid = name.startsWith(`${basename(file)}.`) && /\.(\d+)(-\d+)?\.tmp$/.exec(name)?.[1];
      if (pid && hasEnded(Number(pid))) rmSync(join(dirname(file), name), { force: true });
    }
  } catch {
    // They cost space and no more.
  }
}

function hasEnded(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  // One write may take less than it is given, and never takes more than 2 GiB.
  let offset = 0;
  while (offset < bytes.length) {
    const { bytesWritten } = await handle.write(bytes, offset, Math.min(bytes.length - offset, 2 ** 30));
    offset += bytesWritten;
  }
}

// The rename itself is only safe from a power cut once the folder is on the disk.
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r").catch(() => undefined);
  // Some file systems cannot flush a folder; there the rename is as safe as it can be.
  await handle?.sync().catch(() => {});
  await handle?.close();
}
