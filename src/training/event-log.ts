// The append-only file of events: whole lines only, cut back to where a checkpoint was made.
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  readSync,
  writeSync,
} from "node:fs";
import { cannotWrite } from "../durable-file.js";
import { ReatError } from "../errors.js";
import type { RunEvent } from "./events.js";

/** Where events go. */
export interface Log extends Disposable {
  /** Bytes of whole lines. */
  readonly length: number;
  /** @throws ReatError `disk` */
  append(event: RunEvent): void;
  /** Waits until all is on the disk. @throws ReatError `disk` */
  flush(): void;
}

/** Of a process whose events another one writes. */
export function unwrittenLog(length: number): Log {
  return { length, append() {}, flush() {}, [Symbol.dispose]() {} };
}

/** One JSON object per line. Hold it with `using`, or close it. */
export class EventLog implements Log {
  #file: number;
  #length: number;

  /**
   * Opens the file, creating it if needed, and cuts off everything after its first `keep` bytes and an unfinished last line.
   * @throws ReatError `disk`
   */
  constructor(
    readonly path: string,
    keep: number,
  ) {
    try {
      this.#file = openSync(path, existsSync(path) ? "r+" : "w+");
      const size = fstatSync(this.#file).size;
      this.#length = endOfLastLine(this.#file, Math.min(keep, size));
      if (this.#length < size) ftruncateSync(this.#file, this.#length);
    } catch (cause) {
      throw cannotWrite(path, cause);
    }
  }

  /** Bytes of whole lines. */
  get length(): number {
    return this.#length;
  }

  /** @throws ReatError `disk`; the file then ends with the line before */
  append(event: RunEvent): void {
    const line = Buffer.from(`${JSON.stringify(event)}\n`);
    try {
      let written = 0;
      while (written < line.length) {
        written += writeSync(this.#file, line, written, line.length - written, this.#length + written);
      }
    } catch (cause) {
      this.#removeTornLine();
      throw cannotWrite(this.path, cause);
    }
    this.#length += line.length;
  }

  // Where even that fails, the next opening of the log cuts the line off.
  #removeTornLine(): void {
    try {
      ftruncateSync(this.#file, this.#length);
    } catch {}
  }

  /** Waits until all lines are on the disk. */
  flush(): void {
    try {
      fsyncSync(this.#file);
    } catch (cause) {
      throw cannotWrite(this.path, cause);
    }
  }

  close(): void {
    if (this.#file >= 0) closeSync(this.#file);
    this.#file = -1;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * Makes sure that a log still holds what a checkpoint counts on: its first `length` bytes are whole lines of events. A missing
 * log is accepted.
 * @returns false where there is none although there should be
 * @throws ReatError `data`
 */
export function requireEvents(file: string, length: number): boolean {
  if (length === 0) return true;
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw new ReatError("data", `${file} cannot be read: ${(cause as Error).message}.`, { cause });
  }
  const refuse = (why: string) =>
    new ReatError(
      "data",
      `${file} ${why}: put a copy of it back, or delete it to go on without its curves; nothing was changed.`,
    );
  if (bytes.length < length) {
    throw refuse(
      `has ${bytes.length} bytes, and the last checkpoint counts on ${length}: events of trained epochs are lost`,
    );
  }
  if (bytes[length - 1] !== 0x0a)
    throw refuse(`is another run's: byte ${length}, where the checkpoint was made, ends no line`);
  const lines = bytes.toString("utf8", 0, length - 1).split("\n");
  const damaged = lines.findIndex((line) => !isEvent(line));
  if (damaged >= 0) throw refuse(`is damaged in line ${damaged + 1}, which is no event`);
  return true;
}

function isEvent(line: string): boolean {
  try {
    const event = JSON.parse(line) as { type?: unknown } | null;
    return typeof event?.type === "string";
  } catch {
    return false;
  }
}

/** Position after the last newline among the first `limit` bytes. */
function endOfLastLine(file: number, limit: number): number {
  const block = Buffer.alloc(65_536);
  for (let end = limit; end > 0; ) {
    const start = Math.max(0, end - block.length);
    const read = readSync(file, block, 0, end - start, start);
    const newline = block.subarray(0, read).lastIndexOf(0x0a);
    if (newline >= 0) return start + newline + 1;
    end = start;
  }
  return 0;
}
