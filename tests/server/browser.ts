// A headless Chromium, where the machine has one.
import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Its path; undefined, with a message, where there is none. */
export const browserPath = [process.env.CHROMIUM ?? "", ...places].find(
  (path) => path !== "" && existsSync(path),
);
if (!browserPath) {
  console.warn(`skipped: there is no browser at CHROMIUM, ${places.join(", ")}, so no page is opened`);
}

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: browserPath!, args: ["--no-sandbox"] });
}
