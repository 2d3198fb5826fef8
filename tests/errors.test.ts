// Error messages: all in one style, and safe to print whatever names and texts from files they contain.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { packageRoot } from "../scripts/places.mjs";
import { ReatError } from "../src/errors.js";
import { attackPages, configRows } from "../src/experiments/index.js";

it("control characters in a message are written out", () => {
  const name = "ant\u001b[31m\u0007\r\u009b2J\u202e.png";
  const { message } = new ReatError("usage", `${name} is damaged.`);
  expect(message).toBe("ant\\u001b[31m\\u0007\\u000d\\u009b2J\\u202e.png is damaged.");
});

it("several problems of a configuration stay several lines, what a file says stays in its sentence", () => {
  expect(new ReatError("config", "two reasons:\n  a\n  b").message).toBe("two reasons:\n  a\n  b");
  expect(new ReatError("data", "it calls a\nb.").message).toBe("it calls a\\u000ab.");
});

it("a name of megabytes does not bury its sentence", () => {
  const { message } = new ReatError(
    "checkpoint",
    `w.safetensors has the dtype ${"x".repeat(1e6)}, and F32 is accepted.`,
  );
  expect(message.length).toBeLessThan(2000);
  expect(message).toMatch(/^w\.safetensors has the dtype x+ … x+, and F32 is accepted\.$/);
});

/** The index of the quote that ends a text or template of the sources. */
function endOfText(source: string, start: number): number {
  const quote = source[start];
  let at = start + 1;
  while (source[at] !== quote) {
    if (source[at] === "\\") at += 2;
    else if (quote === "`" && source.startsWith("${", at)) at = endOfInserted(source, at + 2);
    else at += 1;
  }
  return at;
}

/** The index behind the brace that ends what a template inserts. */
function endOfInserted(source: string, start: number): number {
  let at = start;
  for (let depth = 1; depth > 0; at += 1) {
    if (source[at] === '"' || source[at] === "`") at = endOfText(source, at);
    else if (source[at] === "{") depth += 1;
    else if (source[at] === "}") depth -= 1;
  }
  return at;
}

/** Every message that the sources of the library write out, with the file it is in. */
function writtenMessages(): { file: string; message: string; goesOn: boolean }[] {
  const folder = join(packageRoot, "src");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) =>
    file.endsWith(".ts"),
  );
  return files.flatMap((file) => {
    const source = readFileSync(join(folder, file), "utf8");
    return [...source.matchAll(/new (?:ReatError\(\s*"\w+",|TensorError\()\s*(?=["`])/g)].map((found) => {
      const start = found.index + found[0].length;
      const end = endOfText(source, start);
      return { file, message: source.slice(start + 1, end), goesOn: /^\s*\+/.test(source.slice(end + 1)) };
    });
  });
}

it("every message is a sentence: a capital, or the name of what is wrong, at its start and a full stop at its end", () => {
  const messages = writtenMessages();
  expect(messages.length).toBeGreaterThan(200);
  const keys = [...configRows(), ...attackPages().flatMap(({ options }) => options)].flatMap(({ key }) =>
    key.split("."),
  );
  const names = new Set([
    ...keys,
    "extends",
    "confidence",
    "norm",
    "logitScale",
    "beginEpoch",
    "onnxruntime-web",
  ]);
  const wrong = messages.filter(({ message, goesOn }) => {
    const [word = ""] = /^[a-z][\w-]*/.exec(message) ?? [];
    const ends = goesOn || /([.?!]|\$\{cause\.message\})$/.test(message);
    return !ends || (word !== "" && !names.has(word));
  });
  expect(wrong.map(({ file, message }) => `${file}: ${message}`)).toEqual([]);
});
