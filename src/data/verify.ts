// Compares data with the official MD5 sums.
import { createHash } from "node:crypto";
import { createReadStream, existsSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { ReatError } from "../errors.js";
import { cifarMd5, type DataSource, detectSource } from "./formats/index.js";
import { type Progress, timed } from "./progress.js";
import { readPacked } from "./store/index.js";

/** `unknown`: there is no official sum for this file, so it can be neither right nor wrong. */
export type Verdict = "ok" | "unknown" | "mismatch";

/** The result of checking one file. */
export interface FileVerdict {
  readonly file: string;
  readonly verdict: Verdict;
  readonly md5: string;
  /** The official sum, where there is one. */
  readonly expected?: string;
}

/** The result of checking a data set against its official sums. */
export interface Verification {
  /** `mismatch` if any file mismatches, else `ok` if every one is, else `unknown`. */
  readonly verdict: Verdict;
  readonly source: DataSource;
  readonly files: readonly FileVerdict[];
}

/**
 * Verifies the data at a path: archives and pickled batches against their official sums; a packed file against its own
 * checksums (`ok`, or it throws); folders of images are `unknown`. A file that bears an official archive's name must have
 * that archive's sum, whatever is in it.
 * @throws ReatError `data` where there is nothing to verify at the path
 */
export async function verifySource(path: string, progress?: Progress): Promise<Verification> {
  const official = basename(path) in cifarMd5 && statSync(path, { throwIfNoEntry: false })?.isFile();
  // A damaged archive may not be recognisable, but its name says what it should be.
  const source = await detectSource(path).catch((error: unknown) => {
    if (official && error instanceof ReatError) return { form: "class-folders", path } as const;
    throw error;
  });
  if (source.form === "packed") {
    readPacked(source.path);
    return { verdict: "ok", source, files: [] };
  }
  const files: FileVerdict[] = [];
  for (const [file, expected] of filesToCheck(source)) {
    const md5 = await md5OfFile(file, timed(progress));
    const verdict = expected === undefined ? "unknown" : md5 === expected ? "ok" : "mismatch";
    files.push({ file, verdict, md5, ...(expected !== undefined && { expected }) });
  }
  const any = (verdict: Verdict) => files.some((file) => file.verdict === verdict);
  return {
    verdict: any("mismatch") ? "mismatch" : any("unknown") || files.length === 0 ? "unknown" : "ok",
    source,
    files,
  };
}

function filesToCheck(source: DataSource): [file: string, expected: string | undefined][] {
  if (statSync(source.path).isFile()) return [[source.path, cifarMd5[basename(source.path)]]];
  if (source.form !== "cifar") return [];
  const { layout } = source;
  return [...layout.trainFiles, ...layout.testFiles]
    .map((name) => join(source.path, name))
    .filter((file) => existsSync(file))
    .map((file) => [file, cifarMd5[`${layout.folder}/${basename(file)}`]]);
}

/** The MD5 sum of a file, in hexadecimal, read as a stream. */
export async function md5OfFile(file: string, progress?: Progress): Promise<string> {
  const hash = createHash("md5");
  const total = statSync(file).size;
  let done = 0;
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) {
    hash.update(chunk as Buffer);
    done += (chunk as Buffer).length;
    progress?.({ stage: "verify", done, total, unit: "bytes" });
  }
  return hash.digest("hex");
}
