// Archives of either kind, tar or zip, which their first bytes tell.
import { type ArchiveLimits, defaultArchiveLimits } from "./limits.js";
import type { Listing, SourceFile } from "./source-file.js";
import { listTar, readListedTar, readTar } from "./tar.js";
import { isZipFile, listZip, readListedZip, readZip } from "./zip.js";

/** The regular files of an archive in its order, links passed over. Throws as `readTar` and `readZip` do. */
export function readArchive(file: string, limits = defaultArchiveLimits): AsyncGenerator<SourceFile> {
  return isZipFile(file) ? readZip(file, limits) : readTar(file, limits);
}

/** All that is in an archive, as it would be unpacked. A gzipped archive is read once for this. */
export function listArchive(file: string, limits: ArchiveLimits): Promise<Listing> {
  return isZipFile(file) ? listZip(file, limits) : listTar(file, limits);
}

/** The files of a list of {@link listArchive}. */
export function readListed(
  file: string,
  { files }: Pick<Listing, "files">,
  limits: ArchiveLimits,
): AsyncGenerator<SourceFile> {
  return isZipFile(file) ? readListedZip(file, files, limits) : readListedTar(file, files, limits);
}
