// A headless Chromium, where the machine has one, and what axe says of a page in it.
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type Browser, chromium, type Page } from "playwright-core";

const places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Its path; undefined where there is none. */
export const browserPath = [process.env.CHROMIUM ?? "", ...places].find(
  (path) => path !== "" && existsSync(path),
);
/** Why tests of pages are skipped where there is none. */
export const noBrowser = `there is no browser at CHROMIUM, ${places.join(", ")}`;

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: browserPath!, args: ["--no-sandbox"] });
}

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe finds wrong with what is shown, with the first element of each finding. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(`window.axe || (() => {${axe}})()`);
  return await page.evaluate<string[]>(
    `axe.run({ resultTypes: ["violations"] }).then(({ violations }) =>
      violations.map(({ id, nodes }) => id + ": " + nodes[0].html.slice(0, 200)))`,
  );
}
