#!/usr/bin/env node
// Sets up what is missing and nothing else: system packages, npm packages, the addon, the compiled TypeScript.
import { requireSystem } from "./requirements.mjs";

requireSystem();

// Imported only now, because an old Node would fail on these modules with a worse message.
const { mkdirSync, rmSync, writeFileSync } = await import("node:fs");
const { join } = await import("node:path");
const { parseArgs } = await import("node:util");
const { compileSources, distIsCurrent, installModules, modulesAreCurrent } = await import("./checkout.mjs");
const { describeLibTorch, searchLibTorch } = await import("./libtorch.mjs");
const { whileLocked } = await import("./lock.mjs");
const {
  canInstall,
  cannotInstall,
  installPackages,
  missingPackages,
  noLibTorchPackage,
  offersLibTorch,
  usefulPackages,
} = await import("./packages.mjs");
const { activeBuild, buildFolder, choiceFile, isCheckout, keptChoice, keptPath, movedFrom } = await import(
  "./places.mjs"
);
const { SetupError } = await import("./processes.mjs");

const usage = `Usage: reat setup [options]   (in a checkout: npm run setup -- [options])

Installs what is missing and builds the addon that joins Node and LibTorch.
LibTorch is taken from the first of: --libtorch or LIBTORCH, the PyTorch of --python or REAT_PYTHON, the system, the
PyTorch of an activated virtual environment, that of python3.

  --libtorch <folder>  an unpacked LibTorch, or the torch folder of a Python; kept for later set-ups
  --python <program>   a Python whose torch is to be used; kept for later set-ups
  --system             forget a kept choice and use the system's LibTorch
  --no-apt             never install system packages
  --addon-only         build the addon alone
  --force              build the addon and the TypeScript again even where they are current
  --help               show this text`;

const optionTypes = {
  libtorch: { type: "string" },
  python: { type: "string" },
  system: { type: "boolean" },
  "no-apt": { type: "boolean" },
  "addon-only": { type: "boolean" },
  force: { type: "boolean" },
  help: { type: "boolean" },
};

const say = (line) => process.stdout.write(`${line}\n`);

/** Runs one step. Prints a line before it, and a line with its duration after it. */
function step(doing, work) {
  say(`• ${doing} …`);
  const start = performance.now();
  const done = work();
  say(`✓ ${done} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
}

/** Stores the LibTorch that was chosen on the command line, so that a later `npm test` does not go back to the system's. */
function keepChoice({ libtorch, python, system }, unnamedPython) {
  if (system) rmSync(choiceFile(), { force: true });
  else if (libtorch || python || unnamedPython) {
    const found = !libtorch && !python;
    const kept = { libtorch: keptPath(libtorch), python: keptPath(python ?? unnamedPython), found };
    writeFileSync(choiceFile(), `${JSON.stringify(kept)}\n`);
  }
}

function search(options) {
  const { libtorch, python, system } = options;
  const given = system || libtorch || python;
  const kept = given ? {} : keptChoice();
  const found = searchLibTorch(given ? { libtorch, python, env: {} } : { ...kept, env: process.env });
  if (found.error && kept.found) {
    // Nobody named this one: an earlier search found it, and now it is gone. A new search may find another.
    say(`  ${found.error}: searching anew`);
    rmSync(choiceFile(), { force: true });
    return search(options);
  }
  if (found.error) throw new SetupError(`${found.error}${keptFrom(kept)}.`);
  keepChoice(options, found.unnamedPython);
  return found;
}

/** Says which choice of an earlier set-up no longer works, and the two ways out. */
function keptFrom({ libtorch, python }) {
  if (!libtorch && !python) return "";
  const option = libtorch ? "--libtorch" : "--python";
  return `. An earlier set-up was told \`${option} ${libtorch ?? python}\`: if that has moved, give its new place to \`${option}\`; \`--system\` goes back to the system's LibTorch`;
}

function bringPackages(options) {
  let found = search(options);
  const needed = missingPackages(found.libtorch);
  if (!found.libtorch && !offersLibTorch()) throw noLibTorchPackage(found.steps);
  const useful = usefulPackages(found.libtorch);
  const packages = [...needed, ...useful];
  if (packages.length === 0) return found;
  if (options["no-apt"] || !canInstall()) {
    if (needed.length > 0) throw cannotInstall(needed, found.libtorch, found.steps);
    return found;
  }
  const install = (names) =>
    step(`installing ${names.join(", ")} with apt-get`, () => {
      installPackages(names);
      return `system packages: ${names.join(", ")}`;
    });
  try {
    install(packages);
  } catch (error) {
    if (useful.length === 0 || !(error instanceof SetupError)) throw error;
    say(`  ${useful.join(", ")} may not be there; a build is slower without, but complete`);
    if (needed.length === 0) return found;
    install(needed);
  }
  found = search(options);
  if (!found.libtorch) throw cannotInstall(packages, undefined, found.steps);
  return found;
}

function sayWhich({ libtorch, steps }) {
  for (const { name, status, detail } of steps) {
    if (status === "absent") say(`  ${name}: ${detail}`);
  }
  say(`✓ ${describeLibTorch(libtorch)}, C++11 ABI ${libtorch.cxx11Abi ? "yes" : "no"}`);
}

async function setUp(options) {
  const bringsCheckout = isCheckout && !options["addon-only"];
  const found = bringPackages(options);
  const { libtorch } = found;
  let changed = false;
  if (bringsCheckout && !modulesAreCurrent()) {
    changed = true;
    step("installing npm packages as package-lock.json names them", () => {
      installModules();
      return "npm packages";
    });
  }
  // Imported only now, because it needs packages of node_modules.
  const { buildAddon, upToDateBuild } = await import("./addon.mjs");
  if (options.force || !upToDateBuild(libtorch)) {
    changed = true;
    sayWhich(found);
    const before = activeBuild();
    const moved = before && movedFrom(before);
    if (moved) say(`  the addon here was built in ${moved}, and is built anew`);
    const last = before?.seconds ? `, which took ${before.seconds} s the last time` : "";
    step(`building the addon${last}`, () => {
      const { active, origin } = buildAddon(libtorch, options);
      const from = { compiled: "", kept: " (built before)", shared: " (built before, by another project)" };
      return `addon ${active.key}${from[origin]}`;
    });
  }
  if (bringsCheckout && (options.force || !distIsCurrent())) {
    changed = true;
    step("compiling TypeScript", () => {
      compileSources();
      return "TypeScript compiled into dist";
    });
  }
  if (!changed) say(`✓ Nothing to set up: ${describeLibTorch(libtorch)}`);
}

function parseOptions(args) {
  try {
    return parseArgs({ args, options: optionTypes }).values;
  } catch (error) {
    process.stderr.write(`${error.message}\n\n${usage}\n`);
    process.exit(2);
  }
}

const options = parseOptions(process.argv.slice(2));
if (options.help) {
  say(usage);
} else {
  try {
    const folder = buildFolder();
    mkdirSync(folder, { recursive: true });
    const waiting = (pid) => say(`• waiting for another set-up${pid ? ` (process ${pid})` : ""} …`);
    await whileLocked(join(folder, "setup.lock"), waiting, () => setUp(options));
  } catch (error) {
    process.stderr.write(`✗ ${error instanceof SetupError ? error.message : error.stack}\n`);
    process.exitCode = 1;
  }
}
