// Loads a program that a page of docs/ shows, as if it lay where the page says.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../scripts/places.mjs";
import { type MarkedBlock, markedBlocks } from "./marked-blocks.js";

/** The block of a page with that mark. */
export function markedBlock(page: string, mark: string): MarkedBlock {
  const block = markedBlocks(page).find((candidate) => candidate.mark === mark);
  if (!block) throw new Error(`${page} has no block marked "docs-test: ${mark}"`);
  return block;
}

/**
 * Imports the program of a block.
 * @param home where the page says that the file lies, such as "src/attacks": its relative imports start there
 * @param folder a folder within the checkout, so that packages are found, that nothing else reads
 */
export async function documentedProgram(block: MarkedBlock, home: string, folder: string): Promise<unknown> {
  mkdirSync(folder, { recursive: true });
  const program = block.lines
    .join("\n")
    .replace(/from "(\.[^"]+)"/g, (_, path: string) => `from "${join(packageRoot, home, path)}"`);
  const file = join(folder, `${block.mark}-${block.line}.ts`);
  writeFileSync(file, program);
  return await import(file);
}
