// How soon `reat ui` shows a thousand runs: npm run bench:dashboard [-- RUNS REPEATS]. Needs Chromium; CHROMIUM names one elsewhere.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, chromium } from "playwright-core";
import { writeManyRuns } from "./many-runs.js";

const program = fileURLToPath(new URL("../../bin/reat.js", import.meta.url));
const [count = 1000, repeats = 5] = process.argv.slice(2).map(Number);
const chromiumPath = process.env.CHROMIUM ?? "/usr/bin/chromium";

interface Seen {
  /** Milliseconds from the beginning of the navigation until rows are on the screen, and until all runs are there. */
  readonly rows: number;
  readonly all: number;
}

/** Runs in the page from its beginning. */
const watch = `
  window.seen = new Promise((resolve) => {
    let rows = null;
    const look = () => {
      const table = document.querySelector("table[aria-rowcount]");
      if (rows === null && table?.querySelector("tbody .open")) rows = performance.now();
      if (rows !== null && table?.getAttribute("aria-busy") === "false") resolve({ rows, all: performance.now() });
      else requestAnimationFrame(look);
    };
    look();
  });
`;

async function opened(browser: Browser, address: string): Promise<Seen> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  try {
    const page = await context.newPage();
    await page.addInitScript(watch);
    await page.goto(address);
    return await page.evaluate<Seen>("window.seen");
  } finally {
    await context.close();
  }
}

/** Starts a server and opens the page at once, and again when the server has read the runs. */
async function served(browser: Browser, runs: string, cache: string): Promise<[Seen, Seen]> {
  const child = spawn(process.execPath, [program, "ui", runs, "--port", "0"], {
    env: { ...process.env, REAT_CACHE: cache },
    stdio: ["ignore", "pipe", "ignore"],
  });
  try {
    const address = await new Promise<string>((resolve, reject) => {
      child.once("exit", () => reject(new Error("reat ui ended")));
      child.stdout.on("data", (text: Buffer) => {
        const found = /http:\S+/.exec(text.toString())?.[0];
        if (found) resolve(found);
      });
    });
    const first = await opened(browser, address);
    return [first, await opened(browser, address)];
  } finally {
    child.removeAllListeners("exit");
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill();
    await ended;
  }
}

if (!existsSync(chromiumPath))
  throw new Error(`There is no Chromium at ${chromiumPath}; CHROMIUM names one.`);
const folder = mkdtempSync(join(tmpdir(), "reat-bench-ui-"));
const browser = await chromium.launch({ executablePath: chromiumPath, args: ["--no-sandbox"] });
try {
  const runs = join(folder, "runs");
  mkdirSync(runs);
  writeManyRuns(runs, count);
  const times: Record<string, Seen[]> = {
    "first server": [],
    "later server": [],
    "server that is there": [],
  };
  for (let i = 0; i < repeats; i++) {
    const cache = join(folder, `cache-${i}`);
    const [anew] = await served(browser, runs, cache);
    const [again, warm] = await served(browser, runs, cache);
    times["first server"]!.push(anew);
    times["later server"]!.push(again);
    times["server that is there"]!.push(warm);
  }
  const middle = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
  for (const [name, seen] of Object.entries(times)) {
    const [rows, all] = [middle(seen.map((one) => one.rows)), middle(seen.map((one) => one.all))];
    process.stdout.write(
      `${name}: rows after ${Math.round(rows)} ms, all ${count} runs after ${Math.round(all)} ms (medians of ${repeats})\n`,
    );
  }
} finally {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
}
