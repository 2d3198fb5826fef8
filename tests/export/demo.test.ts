// The page of `reat export --demo`, opened from a file as a visitor would: the same answers as the run, and attacks that work.

import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadClassifier, predict } from "../../src/experiments/index.js";
import { safetensorsFile } from "../../src/export/index.js";
import { ScratchFolder } from "../cli/command-line.js";
import { TinyExperiments } from "../experiments/tiny-experiment.js";
import { browserPath, launchBrowser, noBrowser } from "../server/browser.js";
import { needing } from "../skipped.js";
import { untrained } from "./subjects.js";

let tiny: TinyExperiments;
let place: ScratchFolder;
let run: string;

beforeAll(async () => {
  tiny = new TinyExperiments();
  place = new ScratchFolder();
  run = await tiny.train("birds");
}, 120_000);
afterAll(() => {
  tiny.dispose();
  place.dispose();
});

it("is one file with all that it needs, and only onnx can be in it", async () => {
  const ended = await place.reat(["export", run, "--to", "onnx", "--demo", "--out", "demo"]);
  expect(ended).toMatchObject({ code: 0 });
  expect(ended.stdout).toContain("demo/demo.html");
  const html = readFileSync(place.path("demo/demo.html"), "utf8");
  expect(html).not.toMatch(/\b(src|href)="(?!data:)/);
  const wrong = await place.reat(["export", run, "--to", "pytorch", "--demo"]);
  expect(wrong.stderr).toContain("The page of --demo runs the network as onnx, which --to does not name.");
  expect(wrong.code).toBe(2);
});

it("shows no images to begin with where no run says which there are, and class names only as text", async () => {
  using subject = untrained({ classNames: ["ant</script><img src=x onerror=alert(1)>", "bee", "cat"] });
  writeFileSync(place.path("hostile.safetensors"), Buffer.concat(safetensorsFile(subject)));
  const ended = await place.reat([
    "export",
    "hostile.safetensors",
    "--to",
    "onnx",
    "--demo",
    "--out",
    "hostile",
  ]);
  expect(ended.stderr).toContain("demo.html shows no images to begin with: only a run says");
  expect(statSync(place.path("hostile/demo.html")).size).toBeGreaterThan(1e6);
  expect(readFileSync(place.path("hostile/demo.html"), "utf8")).not.toContain("<img src=x");
});

const title = needing(browserPath !== undefined, "in a browser", noBrowser);
describe.skipIf(!browserPath)(title, () => {
  let browser: Browser;
  let page: Page;
  const problems: string[] = [];

  beforeAll(async () => {
    browser = await launchBrowser();
    page = await browser.newPage({ viewport: { width: 1100, height: 1000 } });
    page.on("console", (message) => {
      if (message.type() === "error") problems.push(message.text());
    });
    page.on("pageerror", (error) => problems.push(error.message));
    await page.goto(pathToFileURL(place.path("demo/demo.html")).href);
    await page.waitForSelector("body[data-ready=true]", { timeout: 60_000 });
  }, 120_000);
  afterAll(() => browser?.close());

  const answer = async (list: string) => {
    const [name, share] = await page.locator(`#${list} li`).first().locator("span").allTextContents();
    return { name, percent: Number.parseFloat(share!) };
  };

  it("gives an image of one's own the class and probability that `reat predict` gives it", async () => {
    expect(await page.locator("#samples button").count()).toBe(10);
    const file = join(place.folder, "own.png");
    const pixels = Uint8Array.from({ length: 3 * 32 * 32 }, (_, i) => ((i * 2654435761) >>> 0) % 256);
    await sharp(pixels, { raw: { width: 32, height: 32, channels: 3 } })
      .png()
      .toFile(file);
    using classifier = await loadClassifier(run);
    const [own] = await predict(classifier, [file], { top: 1 });
    await page.setInputFiles("#file", file);
    const { className, probability } = own!.classes[0]!;
    await expect
      .poll(async () => (await answer("clean-answers")).percent, { timeout: 20_000 })
      .toBeCloseTo(100 * probability, 0);
    expect((await answer("clean-answers")).name).toBe(className);
  });

  it("leaves the image as it is at a radius of 0, and changes the class at a large one", async () => {
    const move = async (level: string) => {
      await page.locator("#epsilon").fill(level);
      const verdict = () => page.locator("#verdict").textContent();
      await expect.poll(verdict, { timeout: 20_000 }).toContain(`ε = ${level}/255`);
      return verdict();
    };
    expect(await move("0")).toContain("stays");
    expect(await answer("adversarial-answers")).toEqual(await answer("clean-answers"));
    expect(await move("32")).toContain("became");
    expect((await answer("adversarial-answers")).name).not.toBe((await answer("clean-answers")).name);
  });

  it("breaks no rule of its own, and sends nothing", () => {
    expect(problems).toEqual([]);
  });
});
