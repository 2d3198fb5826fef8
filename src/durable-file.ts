// Writes a file so that its name holds either what was there before or all that is new, even after a power cut.
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { ReatError } from "./errors.js";

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: "no space is left on the disk",
  EDQUOT: "the disk quota is used up",
  EROFS: "the disk is read-only",
  EACCES: "there is no permission to write there",
  EPERM: "there is no permission to write there",
  ENOENT: "its folder does not exist",
  EIO: "the disk reported a fault",
};

/** One sentence for a failed write, with code `disk`. */
export function cannotWrite(file: string, cause: unknown, consequence = ""): ReatError {
  const { code = "", message = String(cause) } = cause as Partial<NodeJS.ErrnoException>;
  return new ReatError("disk", `${file} cannot be written: ${reasons[code] ?? message}${consequence}.`, {
    cause,
  });
}

/**
 * Temporary file beside it, flushed to the disk, renamed, folder flushed. The temporary file is gone afterwards in any
 * case but a kill; the next write takes its place.
 * @throws ReatError `disk` when it cannot be written; the file is what it was before
 */
export async function writeDurably(file: string, content: string | readonly Uint8Array[]): Promise<void> {
  const temporary = `${file}.tmp`;
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
  } catch (cause) {
    await handle?.close().catch(() => {});
    await rm(temporary, { force: true }).catch(() => {});
    throw cannotWrite(file, cause, "; what it held before is unchanged");
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
