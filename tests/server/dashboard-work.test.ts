// The dashboard while work goes on, in headless Chromium: a run that trains, jobs that are started and stopped, images and their map, an image dropped.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packageRoot } from "../../scripts/places.mjs";
import { ScratchFolder } from "../cli/command-line.js";
import { needing } from "../skipped.js";
import { browserPath, launchBrowser, noBrowser, violations } from "./browser.js";
import { type Served, serve } from "./served.js";

const tinyConfig = `
name: tiny
data: { source: tiny.reatpack, subset: { profile: exponential, imbalance: 4 } }
model: { architecture: smallcnn }
method: { name: pgd-at, attack: { steps: 1 } }
training: { epochs: 4, batchSize: 8, learningRate: 0.01, milestones: [], evaluationAttack: pgd-1, logEvery: 1 }
evaluation: { attacks: [pgd-1] }
threads: 1
`;

const title = needing(browserPath !== undefined, "the dashboard at work", noBrowser);
describe.skipIf(!browserPath)(title, { timeout: 120_000 }, () => {
  let place: ScratchFolder;
  let served: Served;
  let browser: Browser;
  let page: Page;
  const wrong: string[] = [];

  beforeAll(async () => {
    place = new ScratchFolder();
    writeFileSync(place.path("tiny.yaml"), tinyConfig);
    // A run that never ran gives the folder, and shows that an empty table fills by itself.
    await place.reat(["train", "tiny.yaml", "--name", "first", "--set", "training.epochs=1"]);
    served = await serve(place.folder);
    browser = await launchBrowser();
    page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
    page.on("pageerror", (error) => wrong.push(String(error)));
    await page.goto(served.address);
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await served?.kill();
    place?.dispose();
  });

  const shot = async (name: string) => {
    if (process.env.UPDATE_DOCS !== "1") return;
    const path = join(packageRoot, "docs", "images", `ui-${name}.jpg`);
    await page.screenshot({ path, type: "jpeg", quality: 72 });
  };
  const choose = (label: string, value: string) =>
    page
      .locator("label", { has: page.locator("span", { hasText: new RegExp(`^${label}`) }) })
      .locator("select")
      .selectOption(value);
  const go = (view: RegExp) =>
    page.getByRole("navigation", { name: "Views" }).getByRole("link", { name: view }).click();

  it("shows a run from its start to its end", async () => {
    const trained = place.reat(["train", "tiny.yaml"]);
    const row = page.locator("tbody tr", { hasText: "tiny" });
    await row.waitFor();
    await row.getByText("running").waitFor();
    await row.locator(".open").click();
    await page.getByText(/epoch [123] of 4/).waitFor();
    await page.getByText("epoch 4 of 4").waitFor();
    expect(await trained).toMatchObject({ code: 0 });
    await page.locator(".stand", { hasText: "finished" }).waitFor();
    await page.locator("#part-results").waitFor();
  });

  it("makes images of an attack as a job, and shows them with their map, filtered", async () => {
    await choose("What", "images");
    await choose("Checkpoint", "last");
    await page.locator("input[name=images]").fill("30");
    await page.getByRole("button", { name: "Start" }).click();
    await page
      .locator(".job", { hasText: "npx reat eval runs/tiny --checkpoint last" })
      .locator(".state", { hasText: "done" })
      .waitFor();
    const pictures = page.locator(".pictures li");
    await pictures.first().waitFor();
    expect(await pictures.count()).toBe(30);
    const map = page.getByRole("slider", { name: /^Map of 30 attacked images/ });
    await map.press("ArrowRight");
    await page.locator(".held").waitFor();
    expect(await map.getAttribute("aria-valuetext")).toMatch(/^[\w-]+: [\w-]+ → [\w-]+$/);
    expect(await page.locator(".plane circle").count()).toBe(30);
    await map.scrollIntoViewIfNeeded();
    await shot("images");
    const counts = [];
    for (const fate of ["standing", "fallen", "wrong"]) {
      await choose("Fate", fate);
      counts.push(await pictures.count());
      expect(await page.locator(".plane .point:not(.out)").count()).toBe(counts.at(-1));
    }
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(30);
    await choose("Fate", "");
    await choose("Class", "disc");
    expect(await pictures.count()).toBe(3);
    await choose("Class", "");
    await choose("Group", "tail");
    expect(await pictures.count()).toBeLessThan(30);
    expect(await violations(page)).toEqual([]);
  });

  it("queues jobs, and stops one that runs and one that waits", async () => {
    await choose("What", "eval");
    await choose("Attack", "autoattack");
    const start = page.getByRole("button", { name: "Start" });
    await start.click();
    await start.click();
    await go(/^Jobs/);
    const [waiting, running] = [page.locator(".job").nth(0), page.locator(".job").nth(1)];
    await running.locator(".state", { hasText: "running" }).waitFor();
    await waiting.locator(".state", { hasText: "waiting" }).waitFor();
    await shot("jobs");
    expect(await violations(page)).toEqual([]);
    await waiting.getByRole("button", { name: /^stop job/ }).click();
    await waiting.locator(".state", { hasText: "stopped" }).waitFor();
    await running.getByRole("button", { name: /^stop job/ }).click();
    await running.locator(".state", { hasText: "stopped" }).waitFor();
  });

  it("classifies and attacks an image that is dropped, within the ε of a slider", async () => {
    await go(/^Try an image/);
    await choose("Run", "tiny");
    await choose("Checkpoint", "last");
    const raw = { width: 40, height: 40, channels: 3 } as const;
    const pixels = Uint8Array.from({ length: 40 * 40 * 3 }, (_, i) => (i * 37) % 256);
    const image = (await sharp(pixels, { raw }).png().toBuffer()).toString("base64");
    const dropped = await page.evaluateHandle(`(() => {
      const data = new DataTransfer();
      const bytes = Uint8Array.from(atob("${image}"), (letter) => letter.charCodeAt(0));
      data.items.add(new File([bytes], "photo.png", { type: "image/png" }));
      return data;
    })()`);
    await page.dispatchEvent(".drop", "drop", { dataTransfer: dropped });
    await page.getByText(/at ε = 8\/255/).waitFor();
    expect(await page.locator(".probe img").count()).toBe(3);
    await page.getByLabel("epsilon").fill("0");
    await page.getByText(/It stays .* at ε = 0\/255/).waitFor();
    await page.getByLabel("epsilon").fill("32");
    await page.getByText(/at ε = 32\/255/).waitFor();
    await page.locator(".probe[aria-busy=false]").waitFor();
    await shot("try");
    expect(await violations(page)).toEqual([]);
    const text = await page.evaluateHandle(`(() => {
      const data = new DataTransfer();
      data.items.add(new File(["no image"], "notes.png", { type: "image/png" }));
      return data;
    })()`);
    await page.dispatchEvent(".drop", "drop", { dataTransfer: text });
    await page.getByText("What was dropped is not a readable png, jpeg or webp image").waitFor();
    expect(wrong).toEqual([]);
  });
});
