// docs/benchmarks.md and its figures are what the records beside them say.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect, it } from "vitest";
import { benchRecord } from "../../bench/record.js";

const docs = new URL("../../docs/", import.meta.url);

it("the page of benchmarks is written from the records, not by hand", async () => {
  const { benchmarksPage } = (await import(
    pathToFileURL(fileURLToPath(new URL("benchmarks/page.mjs", docs))).href
  )) as { benchmarksPage: () => Map<string, string> };
  const files = benchmarksPage();
  expect([...files.keys()]).toContain("benchmarks.md");
  for (const [file, text] of files) expect(text).toBe(readFileSync(new URL(file, docs), "utf8"));
});

it("the records have the form that the program writes", () => {
  const records = readdirSync(new URL("benchmarks/", docs)).filter((file) => file.endsWith(".json"));
  expect(records).not.toEqual([]);
  for (const file of records) {
    benchRecord.parse(JSON.parse(readFileSync(new URL(`benchmarks/${file}`, docs), "utf8")));
  }
});
