// One way to walk the files of a source, whether it is a folder, a tar or a zip archive.
import { readdirSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isZip, readTar, readZip, type SourceFile } from "../../archives/index.js";
import { ReatError } from "../../errors.js";

/** The regular files of a folder (sorted by path, all levels) or of an archive (in its order). Hidden files are passed over. */
export async function* sourceFiles(path: string): AsyncGenerator<SourceFile> {
  const archive = () => (isZip(path) ? readZip(path) : readTar(path));
  const files = statSync(path).isDirectory() ? folderFiles(path, "") : archive();
  for await (const file of files) if (!isHidden(file.path)) yield file;
}

function* folderFiles(root: string, below: string): Generator<SourceFile> {
  const entries = readdirSync(join(root, below), { withFileTypes: true });
  for (const entry of entries.sort((a, b) => compareNames(a.name, b.name))) {
    const path = below === "" ? entry.name : `${below}/${entry.name}`;
    if (isHidden(entry.name)) continue;
    // A link's own type says nothing about what it points to.
    const stats = entry.isSymbolicLink() ? statSync(join(root, path), { throwIfNoEntry: false }) : entry;
    if (stats?.isDirectory()) yield* folderFiles(root, path);
    else if (stats?.isFile()) {
      const full = join(root, path);
      yield { path, size: statSync(full).size, read: () => readOne(full) };
    }
  }
}

async function readOne(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new ReatError("data", `${path} cannot be read: ${(error as Error).message}.`, { cause: error });
  }
}

/** Names in code-unit order: what Python's `sorted` gives, and so the field's class ids. */
export function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The last part of a path. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

// Dot files, and the resource forks that macOS puts into archives.
function isHidden(path: string): boolean {
  return path.split("/").some((part) => part.startsWith(".") || part === "__MACOSX");
}
