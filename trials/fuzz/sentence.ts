// Whether an error is the one sentence that a user is owed, or something that fell through.
import { ReatError } from "reat";

/** What the language's and the libraries' own errors say. */
const raw = [
  /Cannot (read|set|convert|destructure|mix|access)\b/,
  /is not (a function|iterable|a constructor|defined)\b/,
  /Maximum call stack/,
  /\bundefined\b/,
  /\[object \w+\]/,
  /Invalid (array|typed array|string) length/,
  /The value of "\w+" is out of range/,
  /argument must be/,
  /out of bounds/i,
  /^\s+at .*:\d+:\d+/m,
];

const longest = 2000;

/** What is wrong with an error as a user's message; null where nothing is. */
export function wrongWith(error: unknown): string | null {
  if (!(error instanceof Error)) return `it throws ${String(error)}`;
  if (!(error instanceof ReatError)) return `it throws ${error.name}: ${error.message}`;
  const { message } = error;
  if (message.trim() === "") return "its message is empty";
  const length = Math.max(...message.split("\n").map((line) => line.length));
  if (length > longest) return `its message has a line of ${length} characters`;
  // A file's own text may stand in a message, but nothing that moves a terminal's cursor. Several problems of a
  // configuration come as several lines.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/.test(message)) {
    return `its message holds control characters: ${JSON.stringify(message)}`;
  }
  if (message.includes("\n") && error.code !== "config") return `its message has several lines: ${message}`;
  const quoted = message.replace(/"[^"]*"/g, '""');
  const found = raw.find((pattern) => pattern.test(quoted));
  return found ? `its message is not for a user: ${message}` : null;
}
