#!/usr/bin/env node
// Makes one folder, and an archive of it, that runs on a host without network: Node, the library, its packages, data.
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { packageRoot, packageVersion } from "./places.mjs";
import { runQuietly, SetupError } from "./processes.mjs";

const usage = `Usage: npm run bundle -- [options]

Makes a folder that trains on a host without network, such as a GPU node, and an archive of it. The host needs a C++
compiler, cmake, and a LibTorch or a Python with PyTorch, against which the addon is built there: docs/gpu.md.

  --data <path>     a packed data set to take along, in the folder data; may be given more than once
  --out <folder>    where the bundle goes; default: build/bundle
  --no-archive      make the folder alone
  --limit <MiB>     fail if the archive (or the folder, without one) is larger
  --help            show this text`;

const optionTypes = {
  data: { type: "string", multiple: true },
  out: { type: "string" },
  "no-archive": { type: "boolean" },
  limit: { type: "string" },
  help: { type: "boolean" },
};

const launcher = `#!/bin/sh
# Runs the command line tool with the Node beside it.
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
exec "$here/node/bin/node" "$here/bin/reat.js" "$@"
`;

const say = (line) => process.stdout.write(`${line}\n`);
const mebibytes = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/** Paths of the installed packages that are needed to run, from the lock file. */
function productionPackages() {
  const { packages } = JSON.parse(readFileSync(join(packageRoot, "package-lock.json"), "utf8"));
  return Object.entries(packages)
    .filter(([path, { dev, devOptional }]) => path !== "" && !dev && !devOptional)
    .map(([path]) => path)
    .filter((path) => existsSync(join(packageRoot, path)));
}

function sizeOf(path) {
  const stats = statSync(path);
  if (!stats.isDirectory()) return stats.size;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}

/** Libraries that this Node needs and that a bare machine may lack: all except the C and C++ runtimes. */
function privateLibraries(node) {
  const { stdout = "" } = spawnSync("ldd", [node], { encoding: "utf8" });
  const runtime = /^(lib(c|m|dl|rt|pthread|gcc_s|stdc\+\+|atomic)\.so|ld-linux)/;
  return [...stdout.matchAll(/=> (\/\S+)/g)]
    .map(([, path]) => path)
    .filter((path) => !runtime.test(basename(path)));
}

function fill(folder, data) {
  for (const name of [
    "bin",
    "configs",
    "dist",
    "native",
    "scripts",
    "package.json",
    "LICENSE",
    "README.md",
  ]) {
    cpSync(join(packageRoot, name), join(folder, name), { recursive: true });
  }
  cpSync(join(packageRoot, "docs", "gpu.md"), join(folder, "docs", "gpu.md"));
  for (const path of productionPackages()) {
    // A package's own node_modules are separate packages in the lock file.
    cpSync(join(packageRoot, path), join(folder, path), {
      recursive: true,
      dereference: true,
      filter: (source) => !source.slice(join(packageRoot, path).length).includes("node_modules"),
    });
  }
  mkdirSync(join(folder, "node", "bin"), { recursive: true });
  cpSync(process.execPath, join(folder, "node", "bin", "node"), { dereference: true });
  const libraries = privateLibraries(process.execPath);
  for (const path of libraries) {
    cpSync(path, join(folder, "node", "lib", basename(path)), { dereference: true });
  }
  const environment = libraries.length > 0 ? 'export LD_LIBRARY_PATH="$here/node/lib"\n' : "";
  writeFileSync(join(folder, "reat"), launcher.replace("exec", `${environment}exec`));
  chmodSync(join(folder, "reat"), 0o755);
  for (const path of data) {
    cpSync(path, join(folder, "data", basename(resolve(path))), { recursive: true, dereference: true });
  }
}

function bundle({ data = [], out = join(packageRoot, "build", "bundle"), limit, ...options }) {
  for (const path of data) if (!existsSync(path)) throw new SetupError(`--data ${path} does not exist.`);
  const most = limit === undefined ? Number.POSITIVE_INFINITY : Number(limit);
  if (!(most > 0)) throw new SetupError(`--limit must be a number of MiB above 0, got ${limit}.`);
  if (!existsSync(join(packageRoot, "dist"))) throw new SetupError("dist is missing: run `npm run setup`.");
  const name = `reat-${packageVersion}-${process.platform}-${process.arch}`;
  const folder = join(resolve(out), name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  fill(folder, data);
  let made = folder;
  if (!options["no-archive"]) {
    made = `${folder}.tar.xz`;
    rmSync(made, { force: true });
    runQuietly("packing the bundle", "tar", ["-C", resolve(out), "-cJf", made, name], {
      env: { ...process.env, XZ_OPT: process.env.XZ_OPT ?? "-T0 -3" },
    });
  }
  const size = sizeOf(made);
  say(`✓ ${made}: ${mebibytes(size)}${made === folder ? "" : ` (${mebibytes(sizeOf(folder))} unpacked)`}`);
  if (size > most * 2 ** 20)
    throw new SetupError(`The bundle has ${mebibytes(size)}, more than the limit of ${limit} MiB.`);
}

function parseOptions() {
  try {
    return parseArgs({ options: optionTypes }).values;
  } catch (error) {
    process.stderr.write(`${error.message}\n\n${usage}\n`);
    return process.exit(2);
  }
}

const options = parseOptions();
if (options.help) {
  say(usage);
} else {
  try {
    bundle(options);
  } catch (error) {
    process.stderr.write(`✗ ${error instanceof SetupError ? error.message : error.stack}\n`);
    process.exitCode = 1;
  }
}
