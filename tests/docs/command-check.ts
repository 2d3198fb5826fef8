// Checks a command line of the docs against what the program takes, without running it.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Command, Option } from "commander";
import { packageRoot } from "../../scripts/places.mjs";
import { createProgram } from "../../src/cli/program.js";
import { configRow, presetNames } from "../../src/experiments/index.js";

const program = createProgram();
const { scripts } = JSON.parse(readFileSync(join(packageRoot, "package.json"), "utf8")) as {
  scripts: Record<string, string>;
};
const setUp = readFileSync(join(packageRoot, "scripts", "setup.mjs"), "utf8");
const bundle = readFileSync(join(packageRoot, "scripts", "bundle.mjs"), "utf8");

/** The words of a command line, without a comment behind it and without quotes. */
function wordsOf(line: string): string[] {
  const plain = line.replace(/(^|\s)#.*$/, "");
  return [...plain.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, a, b, c]) => a ?? b ?? c ?? "");
}

/** What is wrong with a command line; null where nothing is, or where it is none of ours. */
export function problemOf(line: string): string | null {
  // Variables set before the command.
  const words = wordsOf(line.replace(/^([A-Z_]+=\S+\s+)+/, ""));
  const [first = "", second = "", third = ""] = words;
  if (first === "reat" || first === "./reat") return problemOfReat(words.slice(1));
  if (first === "npx" && second === "reat") return problemOfReat(words.slice(2));
  if (first === "node" && second === "bin/reat.js") return problemOfReat(words.slice(2));
  if (first !== "npm" || second !== "run") return null;
  if (!(third in scripts)) return `package.json has no script "${third}"`;
  const more = words.slice(words.indexOf("--") + 1);
  if (!words.includes("--")) return null;
  if (third === "quickstart") return problemOfReat(["quickstart", ...more]);
  if (third === "reat") return problemOfReat(more);
  if (third === "setup") return unknownFlag(more, setUp);
  if (third === "bundle") return unknownFlag(more, bundle);
  return null;
}

/** Scripts of their own list their options in an object. */
function unknownFlag(words: readonly string[], source: string): string | null {
  const flags = words.filter((word) => word.startsWith("--")).map((word) => word.slice(2));
  const unknown = flags.find((flag) => !new RegExp(`^ {2}"?${flag}"?: \\{ type:`, "m").test(source));
  return unknown === undefined ? null : `there is no option --${unknown}`;
}

function problemOfReat(words: readonly string[]): string | null {
  if (words.some((word) => word.includes("…"))) return null;
  let command: Command = program;
  const given: string[] = [];
  const set: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    const child = given.length === 0 ? command.commands.find((each) => each.name() === word) : undefined;
    if (child) {
      command = child;
      if (child.name() === "setup") return unknownFlag(words.slice(at + 1), setUp);
    } else if (word.startsWith("-") && word !== "-") {
      const [flag = "", inline] = word.split("=");
      const option = optionOf(command, flag);
      if (!option) return `${command.name()} has no option ${flag}`;
      if (option.long === "--set") set.push(words[at + 1] ?? "");
      if ((option.required || option.optional) && inline === undefined) at++;
    } else {
      given.push(word);
    }
  }
  if (command === program) return given.length > 0 ? `there is no command "${given[0]}"` : null;
  const takes = command.registeredArguments;
  if (command.commands.length > 0 && takes.length === 0 && given.length > 0)
    return `${command.name()} has no command "${given[0]}"`;
  if (given.length > takes.length && !takes.some(({ variadic }) => variadic)) {
    return `${command.name()} takes ${takes.length} arguments, not ${given.length}`;
  }
  const [preset = ""] = given;
  if (command.name() === "train" && /^[a-z0-9-]+$/.test(preset) && !presetNames().includes(preset)) {
    return `there is no preset "${preset}"`;
  }
  return set.map(problemOfKey).find((problem) => problem !== null) ?? null;
}

function optionOf(command: Command, flag: string): Option | undefined {
  const chain: Command[] = [];
  for (let each: Command | null = command; each; each = each.parent) chain.push(each);
  const options = chain.flatMap((each) => [...each.options]);
  const help = /^(-h|--help|--version|-V)$/.test(flag) ? options[0] : undefined;
  return options.find((option) => option.long === flag || option.short === flag) ?? help;
}

const known = new Map<string, string | null>();

/** Whether an assignment of `--set` sets a key that there is. */
function problemOfKey(assignment: string): string | null {
  const key = assignment.split("=")[0]!;
  // What is below a loss or a normalisation belongs to one choice of it.
  if (/^method\.loss\.|^model\.normalise\./.test(key)) return null;
  if (!known.has(key)) {
    try {
      configRow(key);
      known.set(key, null);
    } catch (error) {
      known.set(key, (error as Error).message);
    }
  }
  return known.get(key) ?? null;
}
