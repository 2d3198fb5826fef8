// Pages of docs/ whose tables come from the code: the test fails where they differ, and UPDATE_DOCS=1 writes them anew.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { fillBlocks } from "../docs/generated-blocks.mjs";
import { packageRoot } from "../scripts/places.mjs";

/**
 * @param name of the page in docs/: "methods.md"
 * @param blocks the text of each generated block, by its name
 */
export function expectGenerated(name: string, blocks: Readonly<Record<string, string>>): void {
  const file = join(packageRoot, "docs", name);
  const page = readFileSync(file, "utf8");
  const filled = fillBlocks(page, new Map(Object.entries(blocks)));
  if (process.env.UPDATE_DOCS) writeFileSync(file, filled);
  else expect(page, `run UPDATE_DOCS=1 npx vitest run for docs/${name}`).toBe(filled);
}
