#!/usr/bin/env node
// Starts the command line; `reat setup` runs before anything is built, all other commands after.
import { requireSystem } from "../scripts/requirements.mjs";
import { whyNotStarted } from "../scripts/start-failure.mjs";

requireSystem();

// Loaded only now: an old Node would fail on what these modules ask of it, and with a worse message.
const { existsSync } = await import("node:fs");
const main = new URL("../dist/cli/reat.js", import.meta.url);

if (process.argv[2] === "setup") {
  process.argv.splice(2, 1);
  await import("../scripts/setup.mjs");
} else if (!existsSync(main)) {
  process.stderr.write("reat is not set up yet: run `npx reat setup` (in a checkout: `npm run setup`).\n");
  process.exitCode = 1;
} else {
  try {
    await import(main.href);
  } catch (error) {
    process.stderr.write(`reat cannot be started: ${whyNotStarted(error)}\n`);
    if (process.argv.includes("--debug")) process.stderr.write(`${error.stack}\n`);
    process.exitCode = 1;
  }
}
