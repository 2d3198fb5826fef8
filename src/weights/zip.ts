// The zip archives that torch.save writes, whose entries are stored as they are.
import { readStoredZip } from "../archives/index.js";
import { ReatError } from "../errors.js";

/**
 * The entries of an archive by their path; they share the archive's memory. Checksums are verified.
 * @throws ReatError `checkpoint` for an archive that is cut off, damaged, compressed or encrypted
 */
export function readTorchZip(bytes: Buffer, where: string): Map<string, Buffer> {
  return readStoredZip(
    bytes,
    (why, cause) =>
      new ReatError("checkpoint", `${where} cannot be read as a zip archive: ${why}.`, { cause }),
  );
}
