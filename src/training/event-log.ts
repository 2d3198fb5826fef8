// The append-only file of events: whole lines only, cut back to where a checkpoint was made.
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from "node:fs";
import { cannotWrite } from "../durable-file.js";
import type { RunEvent } from "./events.js";

/** One JSON object a line. Hold it with `using`, or close it. */
export class EventLog implements Disposable {
  #file: number;
  #length: number;

  /**
   * Opens the file, made if need be, and cuts off what follows its first `keep` bytes, and a last line without an end.
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

  // Where even that fails, opening the log again does it.
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
