// docs/reliability.md and its picture are what the records beside them say.
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect, it } from "vitest";
import { packageRoot } from "../../scripts/places.mjs";

const docs = new URL("../../docs/", import.meta.url);

it("the page of reliability is filled from the records, not by hand", async () => {
  const { reliabilityPage } = (await import(
    pathToFileURL(fileURLToPath(new URL("reliability/page.mjs", docs))).href
  )) as { reliabilityPage: () => Map<string, string> };
  const files = reliabilityPage();
  expect([...files.keys()]).toContain("reliability.md");
  for (const [file, text] of files) expect(text).toBe(readFileSync(new URL(file, docs), "utf8"));
});

it("what the page says holds a promise is there", () => {
  const text = readFileSync(new URL("reliability.md", docs), "utf8");
  const paths = [...text.matchAll(/`(tests\/[\w./-]+)`/g)].map(([, path]) => path!);
  expect(paths.length).toBeGreaterThan(5);
  expect(paths.filter((path) => !existsSync(`${packageRoot}/${path}`))).toEqual([]);
  const { scripts } = JSON.parse(readFileSync(`${packageRoot}/package.json`, "utf8")) as {
    scripts: Record<string, string>;
  };
  const commands = [...text.matchAll(/npm run ([\w:]+)/g)].map(([, name]) => name!);
  expect([...new Set(commands)].filter((name) => !(name in scripts))).toEqual([]);
});
