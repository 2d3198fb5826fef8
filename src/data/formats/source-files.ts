// The files of a source, read in the same way from a folder, a tar or a zip archive.
import { statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type ArchiveLimits,
  Budget,
  defaultArchiveLimits,
  type Listing,
  listArchive,
  readArchive,
  readListed,
  type SourceFile,
} from "../../archives/index.js";
import { ReatError } from "../../errors.js";
import { listFolder } from "./folder-files.js";
import { isHidden } from "./names.js";

/**
 * The regular files of a folder (sorted by path, all levels, links followed) or of an archive (in its order, links passed
 * over). Hidden files are passed over.
 */
export async function* sourceFiles(
  path: string,
  limits: ArchiveLimits = defaultArchiveLimits,
): AsyncGenerator<SourceFile> {
  if (isFolder(path)) yield* folderFiles(path, listFolder(path, limits.files), limits);
  else for await (const file of readArchive(path, limits)) if (!isHidden(file.path)) yield file;
}

/** All that is in a source except hidden files, with what is wrong with it. An archive is unpacked once for this. */
export async function listSource(
  path: string,
  limits: ArchiveLimits = defaultArchiveLimits,
): Promise<Listing> {
  if (isFolder(path)) return listFolder(path, limits.files);
  const { files, folders, problems, notes } = await listArchive(path, limits);
  return {
    files: files.filter((file) => !isHidden(file.path)),
    folders: folders.filter((folder) => !isHidden(folder)),
    problems: problems.filter((problem) => !isHidden(problem.path)),
    notes,
  };
}

/** The files of a list of {@link listSource}, each path once. */
export async function* listedFiles(
  path: string,
  listing: Pick<Listing, "files">,
  limits: ArchiveLimits = defaultArchiveLimits,
): AsyncGenerator<SourceFile> {
  if (isFolder(path)) yield* folderFiles(path, listing, limits);
  else yield* readListed(path, listing, limits);
}

function* folderFiles(
  root: string,
  { files }: Pick<Listing, "files">,
  limits: ArchiveLimits,
): Generator<SourceFile> {
  const budget = new Budget(root, limits);
  for (const { path, size } of files) {
    yield {
      path,
      size,
      read: () => {
        budget.take(path, size);
        return readOne(join(root, path));
      },
    };
  }
}

async function readOne(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new ReatError("data", `${path} cannot be read: ${(error as Error).message}.`, { cause: error });
  }
}

function isFolder(path: string): boolean {
  return statSync(path).isDirectory();
}
