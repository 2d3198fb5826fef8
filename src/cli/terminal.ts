// Where the command line writes: results to stdout, everything else to stderr, colours only where they are seen.
import { styleText } from "node:util";
import { writeResult } from "./output.js";
import { writeNote } from "./stderr.js";

/** Results, which a pipe may take; ends the line. */
export function print(text: string): void {
  writeResult(`${text}\n`);
}

/** Progress, notes and errors, which a pipe leaves on the screen. */
export function note(text: string): void {
  writeNote(`${text}\n`);
}

/** A value as JSON, for programs that read. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}

/** Text in a style where stderr is a screen with colours (NO_COLOR and FORCE_COLOR are obeyed), else as it is. */
export function styled(style: "bold" | "dim" | "red" | "green" | "yellow", text: string): string {
  const colours = process.env.NO_COLOR === undefined && (process.stderr.isTTY || !!process.env.FORCE_COLOR);
  return colours ? styleText(style, text) : text;
}

/** 0.4213 → "42.1 %". */
export function percent(fraction: number | null | undefined): string {
  return fraction === null || fraction === undefined ? "–" : `${(100 * fraction).toFixed(1)} %`;
}

/** 75 → "1 min 15 s". */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${String(whole % 60).padStart(2, "0")} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}

/** 106274890 → "106.3 MB". */
export function bytes(count: number): string {
  if (count < 1e6) return `${(count / 1e3).toFixed(1)} kB`;
  return count < 1e9 ? `${(count / 1e6).toFixed(1)} MB` : `${(count / 1e9).toFixed(2)} GB`;
}
