// How much an archive may unpack to: a few packed megabytes can unpack to any number of gigabytes.
import { ReatError } from "../errors.js";

/** Each a whole number of at least 1. */
export interface ArchiveLimits {
  /** Bytes of one unpacked file. */
  readonly fileBytes: number;
  /** Bytes of all files together, unpacked. */
  readonly totalBytes: number;
  /** Files in one archive or folder. */
  readonly files: number;
}

/** 512 MiB per file, 64 GiB in all, five million files. */
export const defaultArchiveLimits: ArchiveLimits = {
  fileBytes: 2 ** 29,
  totalBytes: 2 ** 36,
  files: 5_000_000,
};

/** Counts what an archive holds against its limits. */
export class Budget {
  #total = 0;
  #files = 0;

  constructor(
    readonly archive: string,
    readonly limits: ArchiveLimits,
  ) {}

  /** @throws ReatError `data` naming the limit that this file breaks */
  take(path: string, bytes: number): void {
    const { fileBytes, totalBytes, files } = this.limits;
    if (bytes > fileBytes) {
      throw new ReatError(
        "data",
        `${path} in ${this.archive} unpacks to ${bytes} bytes; the limit for one file is ${fileBytes} (data.limits.fileBytes).`,
      );
    }
    this.#total += bytes;
    if (this.#total > totalBytes) throw this.tooMuch();
    if (++this.#files > files) {
      throw new ReatError(
        "data",
        `${this.archive} holds more than ${files} files, which is the limit (data.limits.files).`,
      );
    }
  }

  /** The error for an archive of too many bytes. */
  tooMuch(): ReatError {
    return new ReatError(
      "data",
      `${this.archive} unpacks to more than ${this.limits.totalBytes} bytes, which is the limit for all of it (data.limits.totalBytes).`,
    );
  }
}
