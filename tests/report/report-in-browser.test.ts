// The report in a browser: axe finds nothing, wide parts are scrolled by keyboard, charts stay legible on a phone, it prints whole.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeReport } from "../../src/report/index.js";
import { browserPath, launchBrowser, noBrowser, violations } from "../server/browser.js";
import { needing } from "../skipped.js";
import { writeFixture } from "./run-fixture.js";

const title = needing(browserPath !== undefined, "a report in a browser", noBrowser);
describe.skipIf(!browserPath)(title, () => {
  let parent = "";
  let browser: Browser;
  let page: Page;
  beforeAll(async () => {
    parent = await mkdtemp(join(tmpdir(), "reat-in-browser-"));
    const attacks = ["pgd-20", "pgd-50", "pgd-100", "cw-20"];
    const folders = [
      await writeFixture(parent, { name: "plain", method: "pgd-at", epochs: 8, attacks }),
      await writeFixture(parent, { name: "balanced", method: "reat", epochs: 8, attacks }),
      await writeFixture(parent, { name: "ended", method: "reat", epochs: 80, logged: 3 }),
    ];
    await writeReport(folders, join(parent, "report.html"));
    browser = await launchBrowser();
    // The page's own policy would keep axe out.
    page = await browser.newPage({ bypassCSP: true });
    await page.goto(pathToFileURL(join(parent, "report.html")).href);
  });
  afterAll(async () => {
    await browser?.close();
    await rm(parent, { recursive: true, force: true });
  });

  it.each([
    [1280, "light"],
    [1280, "dark"],
    [390, "light"],
  ] as const)("of %d pixels, %s: axe finds nothing", async (width, colorScheme) => {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme, media: "screen" });
    expect(await violations(page)).toEqual([]);
  });

  it("of 390 pixels is no wider than the screen, and its charts have letters of at least nine pixels", async () => {
    await page.setViewportSize({ width: 390, height: 900 });
    const [width, smallest] = await page.evaluate<[number, number]>(`[
      document.documentElement.scrollWidth,
      Math.min(...[...document.querySelectorAll("svg.chart")].map((svg) => {
        const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
        const sizes = [...svg.querySelectorAll("text")].map((text) => parseFloat(getComputedStyle(text).fontSize));
        return scale === 0 ? Infinity : scale * Math.min(...sizes);
      })),
    ]`);
    expect(width).toBeLessThanOrEqual(390);
    expect(smallest).toBeGreaterThanOrEqual(9);
  });

  it("scrolls its widest table by the keyboard", async () => {
    await page.setViewportSize({ width: 390, height: 900 });
    const table = page.locator(".scroll:has(> table.results)");
    await table.focus();
    await page.keyboard.press("ArrowRight");
    await expect
      .poll(() => page.evaluate<number>(`document.querySelector(".scroll:has(> table.results)").scrollLeft`))
      .toBeGreaterThan(0);
  });

  it("prints whole: nothing is cut at the edge of a landscape page", async () => {
    await page.setViewportSize({ width: 1032, height: 700 });
    await page.emulateMedia({ media: "print", colorScheme: "dark" });
    const [wide, ground] = await page.evaluate<[number, string]>(`[
      Math.max(...[...document.querySelectorAll("table, svg.chart")].map((part) => part.getBoundingClientRect().right)),
      getComputedStyle(document.body).backgroundColor,
    ]`);
    expect(wide).toBeLessThanOrEqual(1032);
    expect(ground).toBe("rgb(255, 255, 255)");
  });
});
