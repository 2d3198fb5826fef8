// Downloads a file: a cut connection is continued, and a file with the wrong checksum never gets the final name.
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { makeFolder } from "../durable-file.js";
import { ReatError } from "../errors.js";
import { downloadFolder } from "./cache.js";
import { type CifarForm, type CifarName, cifarLayouts, cifarMd5 } from "./formats/index.js";
import { type Progress, timed } from "./progress.js";
import { md5OfFile } from "./verify.js";

const officialHost = "https://www.cs.toronto.edu/~kriz";

/** Where a download goes, and what is called with its progress. */
export interface DownloadOptions {
  /** Expected MD5 in hexadecimal; without it the file is not checked. */
  readonly md5?: string;
  /** How many times in a row a cut connection is retried without any progress. Default 5. */
  readonly retries?: number;
  /** Pause before the first retry in milliseconds, doubled each time, at most 30 s. Default 1000. */
  readonly retryDelay?: number;
  /** A connection that sends nothing for this long counts as cut, in milliseconds. Default 30 s. */
  readonly stallTimeout?: number;
  readonly progress?: Progress;
  /** Stops the download; what has arrived is kept for the next time. */
  readonly signal?: AbortSignal;
}

/**
 * URL and MD5 of an official archive.
 * @throws ReatError `usage` for a data set that has no archive in that form
 */
export function cifarDownload(
  dataset: CifarName,
  form: CifarForm = "binary",
): { url: string; md5: string; archive: string } {
  const layout = cifarLayouts.find((candidate) => candidate.dataset === dataset && candidate.form === form);
  if (!layout)
    throw new ReatError(
      "usage",
      `"${dataset}" in ${form} form cannot be downloaded; accepted: cifar10, cifar100.`,
    );
  return {
    url: `${officialHost}/${layout.archive}`,
    md5: cifarMd5[layout.archive]!,
    archive: layout.archive,
  };
}

/** Downloads an official archive into the cache, unless it is there, and returns its path. */
export async function downloadCifar(
  dataset: CifarName,
  options: Omit<DownloadOptions, "md5"> & { form?: CifarForm; folder?: string; url?: string } = {},
): Promise<string> {
  const official = cifarDownload(dataset, options.form);
  const file = join(options.folder ?? downloadFolder(), official.archive);
  await downloadFile(options.url ?? official.url, file, { ...options, md5: official.md5 });
  return file;
}

/**
 * Downloads `url` to `file`. Bytes go to `<file>.part`; only a complete file with the right sum is renamed to `file`. A part
 * left by an earlier attempt is continued (HTTP Range) if the server's file is still the same (If-Range with its ETag or
 * date), and begun anew otherwise or where the server knows no ranges. Does nothing where `file` is there with the right sum.
 * @throws ReatError `network` for refusals, lasting interruptions and wrong sums; `disk` where writing fails
 */
export async function downloadFile(url: string, file: string, options: DownloadOptions = {}): Promise<void> {
  const { md5, retries = 5, retryDelay = 1000 } = options;
  if (existsSync(file)) {
    if (!md5 || (await md5OfFile(file)) === md5) return;
    throw new ReatError(
      "data",
      `${file} is there already but its MD5 is not ${md5}; delete it to download it anew.`,
    );
  }
  const part = new PartFile(file, url);
  const progress = timed(options.progress);
  for (let failures = 0; ; ) {
    const before = part.size;
    try {
      await fetchRest(url, part, progress, options);
      break;
    } catch (error) {
      if (error instanceof ReatError) throw error;
      if (options.signal?.aborted)
        throw new ReatError("network", `The download of ${url} was stopped; it continues where it was.`);
      failures = part.size > before ? 1 : failures + 1;
      if (failures > retries) {
        throw new ReatError(
          "network",
          `The download of ${url} broke off after ${part.size} bytes (${reason(error)}); ${part.path} is kept, and the same command continues there.`,
          { cause: error },
        );
      }
      await pause(Math.min(30_000, retryDelay * 2 ** (failures - 1)), options.signal);
    }
  }
  const actual = md5 && (await md5OfFile(part.path));
  if (actual !== md5) {
    part.remove();
    throw new ReatError(
      "network",
      `What ${url} sent has the MD5 ${actual} and not ${md5}; it was deleted. Try again, or from another source.`,
    );
  }
  part.finish();
}

async function fetchRest(
  url: string,
  part: PartFile,
  progress: Progress | undefined,
  options: DownloadOptions,
): Promise<void> {
  const stall = new AbortController();
  const signal = options.signal ? AbortSignal.any([stall.signal, options.signal]) : stall.signal;
  const stallTimeout = options.stallTimeout ?? 30_000;
  const watch = setTimeout(
    () => stall.abort(new Error(`nothing arrived for ${stallTimeout / 1000} s`)),
    stallTimeout,
  );
  try {
    const have = part.size;
    const validator = part.validator;
    const resume = have > 0 && validator !== undefined;
    // In a compressed transfer, ranges would count compressed bytes.
    const headers: Record<string, string> = { "accept-encoding": "identity" };
    if (resume) Object.assign(headers, { range: `bytes=${have}-`, "if-range": validator });
    const response = await fetch(url, { headers, signal });
    if (response.status === 416 && resume) {
      // The part is at least as long as the file: it is complete or useless, which its checksum or a new download decides.
      await response.body?.cancel();
      if (response.headers.get("content-range") === `bytes */${have}`) return;
      part.begin(undefined);
      throw new Error("the server has less than was downloaded");
    }
    if (!response.ok || !response.body) {
      await response.body?.cancel();
      if (response.status >= 500 || response.status === 429)
        throw new Error(`the server answered ${response.status}`);
      throw new ReatError(
        "network",
        `${url} cannot be downloaded: the server answered ${response.status} ${response.statusText}.`,
      );
    }
    const start = response.status === 206 ? rangeStart(response) : 0;
    if (start === 0) part.begin(strongValidator(response));
    else if (start !== have) throw new Error("the server sent another range than was asked for");
    const length = Number(response.headers.get("content-length") ?? Number.NaN);
    const total = Number.isFinite(length) ? part.size + length : undefined;
    for await (const chunk of response.body) {
      watch.refresh();
      part.append(chunk as Uint8Array);
      progress?.({ stage: "download", done: part.size, total, unit: "bytes" });
    }
    if (total !== undefined && part.size !== total) throw new Error("the connection was cut");
  } finally {
    clearTimeout(watch);
    part.close();
  }
}

function rangeStart(response: Response): number {
  const match = /^bytes (\d+)-/.exec(response.headers.get("content-range") ?? "");
  return match ? Number(match[1]) : -1;
}

// A weak ETag does not promise the same bytes, so it is not allowed in If-Range.
function strongValidator(response: Response): string | undefined {
  const etag = response.headers.get("etag");
  return etag && !etag.startsWith("W/") ? etag : (response.headers.get("last-modified") ?? undefined);
}

function reason(error: unknown): string {
  const cause = (error as Error).cause;
  return cause instanceof Error && cause.message !== "" ? cause.message : (error as Error).message;
}

function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** The unfinished file, and beside it the validator that identifies the server's version it belongs to. */
class PartFile {
  readonly path: string;
  readonly #notes: string;
  #descriptor: number | undefined;
  #size: number;

  constructor(
    readonly file: string,
    readonly url: string,
  ) {
    this.path = `${file}.part`;
    this.#notes = `${file}.part.json`;
    this.#size = statSync(this.path, { throwIfNoEntry: false })?.size ?? 0;
  }

  get size(): number {
    return this.#size;
  }

  get validator(): string | undefined {
    try {
      const notes = JSON.parse(readFileSync(this.#notes, "utf8")) as { url?: unknown; validator?: unknown };
      return notes.url === this.url && typeof notes.validator === "string" ? notes.validator : undefined;
    } catch {
      return undefined;
    }
  }

  begin(validator: string | undefined): void {
    makeFolder(dirname(this.path));
    this.#guard(() => {
      this.close();
      writeFileSync(this.path, "");
      writeFileSync(this.#notes, JSON.stringify({ url: this.url, validator }));
      this.#size = 0;
    });
  }

  append(bytes: Uint8Array): void {
    this.#guard(() => {
      this.#descriptor ??= openSync(this.path, "a");
      for (let at = 0; at < bytes.length; ) {
        const written = writeSync(this.#descriptor, bytes, at);
        at += written;
        this.#size += written;
      }
    });
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  remove(): void {
    rmSync(this.path, { force: true });
    rmSync(this.#notes, { force: true });
  }

  finish(): void {
    this.#guard(() => {
      const descriptor = openSync(this.path, "r+");
      fsyncSync(descriptor);
      closeSync(descriptor);
      renameSync(this.path, this.file);
      rmSync(this.#notes, { force: true });
    });
  }

  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      throw new ReatError(
        "disk",
        `${basename(this.path)} cannot be written in ${dirname(this.path)}: ${(error as Error).message}.`,
        { cause: error },
      );
    }
  }
}
