// docs/agreement.md is what the records say, and each record is within its allowance.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect, it } from "vitest";

const docs = new URL("../../docs/", import.meta.url);
const records = new URL("agreement/records/", docs);

it("the page is written from the records, not by hand", async () => {
  const { agreementPage } = (await import(
    pathToFileURL(fileURLToPath(new URL("agreement/page.mjs", docs))).href
  )) as { agreementPage: () => string };
  expect(agreementPage()).toBe(readFileSync(new URL("agreement.md", docs), "utf8"));
});

it.each(readdirSync(records))("%s is within the allowance, from unmodified sources", (file) => {
  const { rows, environment } = JSON.parse(readFileSync(new URL(file, records), "utf8")) as {
    rows: { attack: string; standing: number; official: number; allowed: number }[];
    environment: { revision: { modified: boolean } };
  };
  expect(rows.length).toBeGreaterThan(0);
  expect(environment.revision.modified).toBe(false);
  for (const { attack, standing, official, allowed } of rows) {
    expect(Math.abs(standing - official), attack).toBeLessThanOrEqual(allowed);
  }
});
