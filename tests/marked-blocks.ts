// Reads the fenced blocks of the README and of the pages of docs/, and the marks that say how they are tested.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../scripts/places.mjs";

/**
 * A block of a page. The line before its fence may be a mark, `readme-test` in the README and `docs-test` in docs/:
 *
 * - `<!-- readme-test: run -->`: its commands are run as they stand;
 * - `<!-- readme-test: run with ARGUMENTS -->`: each command gets these arguments at its end, to make it short;
 * - `<!-- readme-test: run, WORD with ARGUMENTS -->`: those `reat WORD` alone do;
 * - `<!-- readme-test: library -->`: a TypeScript program, run in a project that has installed the package;
 * - any other word names the test that uses the block.
 */
export interface MarkedBlock {
  readonly language: string;
  readonly lines: readonly string[];
  /** Text after `readme-test:` or `docs-test:`; undefined without a mark. */
  readonly mark: string | undefined;
  /** Line of the opening fence, from 1. */
  readonly line: number;
}

/** The blocks of a page, whether marked or not. @param page path in the checkout, such as "docs/audit.md" */
export function markedBlocks(page: string): MarkedBlock[] {
  const lines = readFileSync(join(packageRoot, page), "utf8").split("\n");
  const blocks: MarkedBlock[] = [];
  for (let at = 0; at < lines.length; at++) {
    const language = /^```(\w*)$/.exec(lines[at] ?? "")?.[1];
    if (language === undefined) continue;
    const end = lines.indexOf("```", at + 1);
    if (end < 0) throw new Error(`${page}: the block that opens in line ${at + 1} is not closed`);
    const mark = /^<!-- (?:readme|docs)-test: (.+?) -->$/.exec(lines[at - 1] ?? "")?.[1];
    blocks.push({ language, lines: lines.slice(at + 1, end), mark, line: at + 1 });
    at = end;
  }
  return blocks;
}

/** The commands of a shell block: comments and empty lines left out, continued lines joined. */
export function commandsOf(block: MarkedBlock): string[] {
  const joined = block.lines.join("\n").replace(/\\\n\s*/g, "");
  return joined.split("\n").filter((line) => line.trim() !== "" && !line.trim().startsWith("#"));
}

/** The program that the README shows for use as a library; undefined where there is none. */
export function libraryExample(): string | undefined {
  return markedBlocks("README.md")
    .find(({ mark }) => mark === "library")
    ?.lines.join("\n");
}
