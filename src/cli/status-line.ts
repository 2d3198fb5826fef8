// One line at the bottom of a terminal that is drawn over again while other lines scroll above it.
import { writeNote } from "./stderr.js";
import { note } from "./terminal.js";

/** Draws on stderr where that is a terminal, and is silent where it is not. */
export class StatusLine {
  readonly #live = process.stderr.isTTY === true;
  #shown = "";
  #drawnAt = 0;

  /** True where a status line can be seen. */
  get isLive(): boolean {
    return this.#live;
  }

  /** Screen columns. */
  get width(): number {
    return process.stderr.columns || 80;
  }

  /** Shows `text`, cut to the screen's width; at most ten times a second unless `now`. */
  show(text: string, now = false): void {
    const time = performance.now();
    if (!this.#live || (!now && time - this.#drawnAt < 100)) return;
    this.#drawnAt = time;
    this.#shown = text.length < this.width ? text : `${text.slice(0, this.width - 2)}…`;
    writeNote(`\r\x1b[2K${this.#shown}`);
  }

  /** Prints a line above, and draws the status again under it. */
  printAbove(text: string): void {
    if (this.#live && this.#shown !== "") writeNote("\r\x1b[2K");
    note(text);
    if (this.#live && this.#shown !== "") writeNote(this.#shown);
  }

  /** Takes the status line away. */
  clear(): void {
    if (this.#live && this.#shown !== "") writeNote("\r\x1b[2K");
    this.#shown = "";
  }
}

/** "━━━━━╌╌╌╌╌" for a share from 0 to 1. */
export function bar(share: number, width: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * width);
  return "━".repeat(filled) + "╌".repeat(width - filled);
}
