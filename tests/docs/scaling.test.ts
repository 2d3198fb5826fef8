// docs/scaling.md says what the records beside it say.
import { readFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect, it } from "vitest";

const docs = new URL("../../docs/", import.meta.url);

it("the page of scaling is filled from the records, not by hand", async () => {
  const { scalingPage } = (await import(
    pathToFileURL(fileURLToPath(new URL("scaling/page.mjs", docs))).href
  )) as { scalingPage: () => string };
  const text = scalingPage();
  expect(text).toContain("This is a calculation, not a measurement.");
  expect(text).toBe(readFileSync(new URL("scaling.md", docs), "utf8"));
});
