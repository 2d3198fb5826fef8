// Where prepared and downloaded data is kept, and how the packed file of a source is found again.
import { createHash } from "node:crypto";
import { realpathSync, statSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import type { ArchiveLimits } from "../archives/index.js";
import { type DataSource, listSource } from "./formats/index.js";
import { packedMagic } from "./store/index.js";

/** `$REAT_CACHE`, else `~/.cache/reat`, else for a user without a home a folder among the temporary files. */
export function cacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  if (environment.REAT_CACHE) return environment.REAT_CACHE;
  try {
    return join(homedir(), ".cache", "reat");
  } catch {
    // Neither HOME nor an entry in the list of users, as in containers that run under any number.
    return join(tmpdir(), `reat-${process.getuid?.() ?? "cache"}`);
  }
}

/** Where downloads go. */
export function downloadFolder(environment: NodeJS.ProcessEnv = process.env): string {
  return join(cacheFolder(environment), "downloads");
}

/**
 * A digest of what the source is now: format version, real path, and size and time of every file in it. Any change to the
 * data or to the options that shape it gives another digest, so a stale packed file is never found.
 */
export async function sourceIdentity(
  source: DataSource,
  options: unknown,
  limits?: ArchiveLimits,
): Promise<string> {
  const path = realpathSync(source.path);
  const hash = createHash("sha256");
  hash.update(JSON.stringify([packedMagic, source.form, path, options ?? null]));
  if (source.form === "list-files") hash.update(JSON.stringify([source.lists, source.root]));
  if (statSync(path).isDirectory()) {
    const { files, folders, problems } = await listSource(path, limits);
    for (const file of files) hash.update(`\n${file.path}\0${file.size}\0${mtime(join(path, file.path))}`);
    // An empty class folder or a broken link changes the result too, so it is part of the digest.
    hash.update(JSON.stringify([folders, problems]));
  } else {
    hash.update(`\n${statSync(path).size}\0${mtime(path)}`);
  }
  return hash.digest("hex");
}

// Nanoseconds: two writes within one millisecond are two states.
function mtime(path: string): bigint {
  return statSync(path, { bigint: true }).mtimeNs;
}
