// How protocol 0 writes what a line of text cannot hold.
import type { PickleContext } from "./vocabulary.js";

/** A quoted text as Python's repr writes it. */
export function unquote(text: string): string {
  return text
    .slice(1, -1)
    .replace(/\\(x[0-9a-fA-F]{2}|.)/g, (_, code: string) =>
      code.startsWith("x")
        ? String.fromCharCode(Number.parseInt(code.slice(1), 16))
        : ({ n: "\n", r: "\r", t: "\t" }[code] ?? code),
    );
}

/** Escapes stand only for what a line of latin-1 cannot hold. Fails for numbers that are no character. */
export function unescapeUnicode(text: string, context: PickleContext): string {
  return text.replace(
    /\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})/g,
    (written, short: string | undefined, long: string) => {
      const point = Number.parseInt(short ?? long, 16);
      return point <= 0x10ffff ? String.fromCodePoint(point) : context.fail(`${written} is no character`);
    },
  );
}
