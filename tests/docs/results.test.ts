// docs/results.md and its figures are what the records beside them say.
import { readFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect, it } from "vitest";

const docs = new URL("../../docs/", import.meta.url);

it("the page of results is written from the records, not by hand", async () => {
  const { resultsPage } = (await import(
    pathToFileURL(fileURLToPath(new URL("results/page.mjs", docs))).href
  )) as { resultsPage: () => Promise<Map<string, string>> };
  const files = await resultsPage();
  expect([...files.keys()]).toContain("results.md");
  for (const [file, text] of files) expect(text).toBe(readFileSync(new URL(file, docs), "utf8"));
});
