// The dashboard as a person uses it, in headless Chromium: open, filter, sort, group, compare, watch; kills and hostile runs.

import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packageRoot } from "../../scripts/places.mjs";
import { writeFixture } from "../report/run-fixture.js";
import { needing } from "../skipped.js";
import { browserPath, launchBrowser, noBrowser, violations } from "./browser.js";
import { manyRuns, type Served, serve } from "./served.js";

const place = mkdtempSync(join(tmpdir(), "reat-ui-"));
const runs = join(place, "runs");
const elsewhere = mkdtempSync(join(tmpdir(), "reat-else-"));
const hostile = '<img src=x onerror="window.hacked=1">';
const token = "a-token-for-tests-0123456789";
let served: Served;
let origin: string;

beforeAll(async () => {
  await writeFixture(runs, { name: "pgd-at", method: "pgd-at" });
  await writeFixture(runs, { name: "reat", method: "reat" });
  await writeFixture(runs, { name: "going", method: "reat", logged: 3 });
  await writeFixture(runs, { name: "doomed", method: "reat", epochs: 4 });
  await writeFixture(runs, { name: "evil", method: "pgd-at", epochs: 4, classNames: [hostile, "b", "c"] });
  const config = join(runs, "evil", "config.yaml");
  const text = readFileSync(config, "utf8").replace("name: evil", `name: '${hostile}'`);
  writeFileSync(
    config,
    `${text}"${hostile.replaceAll('"', "'")}": "</script><script>window.hacked=1</script>"\n`,
  );
  manyRuns(join(runs, "sweep"), 1000);
  mkdirSync(join(elsewhere, "secret"));
  writeFileSync(join(elsewhere, "secret", "config.yaml"), "name: secret\n");
  symlinkSync(join(elsewhere, "secret"), join(runs, "way-out"));
  cpSync(join(runs, "pgd-at"), join(runs, "linked"), { recursive: true });
  rmSync(join(runs, "linked", "environment.json"));
  symlinkSync("/etc/passwd", join(runs, "linked", "environment.json"));
  served = await serve(place, 0, { REAT_UI_TOKEN: token });
  origin = new URL(served.address).origin;
}, 120_000);
afterAll(async () => {
  await served?.kill();
  for (const folder of [place, elsewhere]) rmSync(folder, { recursive: true, force: true });
});

const title = needing(browserPath !== undefined, "the page", noBrowser);
describe.skipIf(!browserPath)(title, { timeout: 120_000 }, () => {
  let browser: Browser;
  let page: Page;
  const wrong: string[] = [];

  beforeAll(async () => {
    browser = await launchBrowser();
    page = await (await browser.newContext({ viewport: { width: 1280, height: 800 } })).newPage();
    page.on("pageerror", (error) => wrong.push(String(error)));
    await page.goto(served.address);
    await page.waitForSelector("table[aria-busy=false]");
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
  });

  const names = () => page.locator("tbody .open").allTextContents();
  const rowCount = () => page.locator("table[aria-rowcount]").getAttribute("aria-rowcount");
  const shot = async (name: string) => {
    if (process.env.UPDATE_DOCS !== "1") return;
    const path = join(packageRoot, "docs", "images", `ui-${name}.jpg`);
    await page.screenshot({ path, type: "jpeg", quality: 72 });
  };
  it("shows a thousand runs with few rows, and takes the token out of the address", async () => {
    expect(await rowCount()).toBe("1007");
    expect(await page.locator("tbody tr").count()).toBeLessThan(60);
    expect(page.url()).not.toContain("token");
    expect(await names()).not.toContain("secret");
    await shot("runs");
    expect(await violations(page)).toEqual([]);
  });

  it("sorts, filters by words, fields and settings, and folds seeds into mean and error", async () => {
    await page.fill("#filter", "method:trades robust>35 training.learningRate=0.05");
    const all = await names();
    expect(all.length).toBeGreaterThan(0);
    expect(all.every((name) => name.startsWith("trades-lr0.05"))).toBe(true);
    await page.getByRole("button", { name: "robust, last" }).click();
    const figures = await page.locator("tbody td.c-robust").allTextContents();
    expect(figures).toEqual([...figures].sort((a, b) => Number(b) - Number(a)));
    await page.fill("#filter", "robust>much");
    await page.getByText("robust> takes a number").waitFor();
    await page.fill("#filter", "method:reat batch=0");
    await page.getByLabel("Group by").selectOption("experiment");
    const group = page.locator("tr.group").first();
    expect(await group.locator(".c-robust").textContent()).toMatch(/^\d+\.\d ± \d+\.\d$/);
    await group.locator(".open").press("Enter");
    expect(await page.locator("tr.inside").count()).toBe(5);
    await shot("grouped");
    await page.fill("#filter", "");
    await page.getByLabel("Group by").selectOption("");
    await page.getByRole("button", { name: /^run/ }).click();
  });

  it("is walked through by the keys", async () => {
    await page.locator("tbody .open").first().focus();
    await page.keyboard.press("End");
    await page.locator("tr[data-line='1005'] :focus").waitFor();
    await page.keyboard.press("Home");
    await page.locator("tr[data-line='0'] :focus").waitFor();
    await page.keyboard.press("/");
    expect(await page.evaluate("document.activeElement.id")).toBe("filter");
  });

  it("compares runs: verdict, differences, only the settings that differ", async () => {
    await page.fill("#filter", "fixture epoch=30");
    await page.getByLabel("compare pgd-at", { exact: true }).check();
    await page.getByLabel("compare reat", { exact: true }).check();
    await page.getByRole("link", { name: "Compare" }).click();
    await page.locator("#verdict").waitFor();
    expect(await page.locator("#part-verdict").textContent()).toContain("better");
    const settings = await page.locator("#part-settings tbody th").allTextContents();
    expect(settings).toEqual(["method.name", "method.loss"]);
    await page.locator("#class-differences-title").waitFor({ state: "attached" });
    await page.locator("#verdict").scrollIntoViewIfNeeded();
    await shot("compare");
    expect(await violations(page)).toEqual([]);
  });

  it("follows a log while it is written, a half line and all", async () => {
    await page.goto(`${origin}/#/run?run=going`);
    await page.getByText("epoch 3 of 30").waitFor();
    const log = join(runs, "going", "metrics.jsonl");
    const lines = readFileSync(log, "utf8").trim().split("\n");
    const next = JSON.stringify({
      ...JSON.parse(lines.findLast((line) => line.includes('"type":"epoch"'))!),
      epoch: 4,
    });
    appendFileSync(log, next.slice(0, 60));
    await page.waitForTimeout(1000);
    expect(await page.locator(".stand").textContent()).toContain("epoch 3 of 30");
    expect(await page.locator(".stand").textContent()).toContain("failed");
    appendFileSync(log, `${next.slice(60)}\n`);
    await page.getByText("epoch 4 of 30").waitFor();
    await shot("run");
    expect(await violations(page)).toEqual([]);
  });

  it("shows hostile names and configurations as text", async () => {
    await page.goto(`${origin}/#/run?run=evil`);
    await page.locator("#protocol").waitFor();
    expect(await page.locator("main").textContent()).toContain(hostile);
    expect(await page.locator("main img").count()).toBe(0);
    expect(await page.evaluate("window.hacked")).toBeUndefined();
  });

  it("keeps what it shows of a run that is deleted, and says so", async () => {
    await page.goto(`${origin}/#/run?run=doomed`);
    await page.locator("#results").waitFor();
    rmSync(join(runs, "doomed"), { recursive: true });
    await page.getByText("doomed is no longer in the folder").waitFor();
    expect(await page.locator("#results").isVisible()).toBe(true);
  });

  it("comes back when the server was killed and started again", async () => {
    await served.kill();
    await page.getByText("The server does not answer").waitFor();
    served = await serve(place, Number(new URL(origin).port), { REAT_UI_TOKEN: token });
    await page.getByText("The server does not answer").waitFor({ state: "detached", timeout: 20_000 });
    await page.goto(`${origin}/#/runs`);
    await page.waitForSelector("table[aria-busy=false]");
    expect(wrong).toEqual([]);
  });

  it("fits a narrow and a wide window, in the dark too", async () => {
    await page.emulateMedia({ colorScheme: "dark" });
    for (const width of [390, 2560]) {
      await page.setViewportSize({ width, height: 900 });
      await page.goto(`${origin}/#/run?run=reat`);
      await page.locator("#measure").waitFor();
      expect(
        await page.evaluate("document.documentElement.scrollWidth - innerWidth"),
        `${width}`,
      ).toBeLessThanOrEqual(0);
      if (width === 390) expect(await violations(page)).toEqual([]);
    }
  });

  it("prints a run on white paper, without what only a screen can use", async () => {
    await page.emulateMedia({ media: "print", colorScheme: "dark" });
    for (const part of [".bar", ".contents", ".tools"]) {
      expect(await page.locator(part).first().isVisible(), part).toBe(false);
    }
    expect(await page.locator("#part-results table").first().isVisible()).toBe(true);
    expect(await page.evaluate("getComputedStyle(document.body).backgroundColor")).toBe("rgb(255, 255, 255)");
    // Of a sheet of A4 with its margins.
    await page.setViewportSize({ width: 720, height: 1000 });
    const wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
    expect(wide).toBeLessThanOrEqual(0);
  });
});
