// Follows metrics.jsonl while it is written: each look gives the whole lines that came since the one before.
import { closeSync, fstatSync, openSync, readSync } from "node:fs";

/** What a look found. `restarted` says that the file is another one than before, so that what was read is void. */
export interface LookedAt {
  readonly lines: readonly string[];
  readonly restarted: boolean;
}

/** So many bytes before the place reached must be as they were, or the file was written anew. */
const remembered = 256;
const newline = 10;

/** The end of one log. A last line without its end waits for the rest of it. */
export class LogTail {
  /** Behind the last whole line. */
  #offset = 0;
  #before: Buffer = Buffer.alloc(0);
  #state = "";

  constructor(readonly file: string) {}

  /** Lines since the last look; none where there is no file. */
  look(): LookedAt {
    let descriptor: number;
    try {
      descriptor = openSync(this.file, "r");
    } catch {
      const restarted = this.#offset > 0;
      this.#reset();
      return { lines: [], restarted };
    }
    try {
      const { ino, size, mtimeMs } = fstatSync(descriptor);
      const state = `${ino} ${size} ${mtimeMs}`;
      if (state === this.#state) return { lines: [], restarted: false };
      const restarted = this.#offset > 0 && !this.#continues(descriptor, size);
      if (restarted) this.#reset();
      this.#state = state;
      return { lines: this.#read(descriptor, size), restarted };
    } finally {
      closeSync(descriptor);
    }
  }

  #reset(): void {
    this.#offset = 0;
    this.#before = Buffer.alloc(0);
    this.#state = "";
  }

  /** A resumed run cuts its log: the bytes before the place reached are then others, or gone. */
  #continues(descriptor: number, size: number): boolean {
    if (size < this.#offset) return false;
    const now = Buffer.alloc(this.#before.length);
    readSync(descriptor, now, 0, now.length, this.#offset - now.length);
    return now.equals(this.#before);
  }

  #read(descriptor: number, size: number): string[] {
    const fresh = Buffer.alloc(Math.max(0, size - this.#offset));
    const count = readSync(descriptor, fresh, 0, fresh.length, this.#offset);
    const end = fresh.subarray(0, count).lastIndexOf(newline) + 1;
    const whole = fresh.subarray(0, end);
    this.#offset += end;
    this.#before = Buffer.from(Buffer.concat([this.#before, whole]).subarray(-remembered));
    return whole.toString("utf8").split("\n").slice(0, -1);
  }
}
