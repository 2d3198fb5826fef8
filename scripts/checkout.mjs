// Brings a checkout's npm packages and compiled TypeScript up to date, if they are not.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildFolder, packageRoot } from "./places.mjs";
import { runQuietly } from "./processes.mjs";

const modules = join(packageRoot, "node_modules");
const dist = join(packageRoot, "dist");
const stamp = join(dist, ".stamp");

/**
 * Whether node_modules holds what package-lock.json names. npm keeps its own account of what it installed;
 * comparing the two also sees a hand-run `npm install`, which a stamp of ours would not.
 */
export function modulesAreCurrent() {
  const account = join(modules, ".package-lock.json");
  if (!existsSync(account)) return false;
  const wanted = JSON.parse(readFileSync(join(packageRoot, "package-lock.json"), "utf8")).packages;
  const present = JSON.parse(readFileSync(account, "utf8")).packages;
  for (const [path, { version, integrity, optional }] of Object.entries(wanted)) {
    if (path === "") continue;
    const installed = present[path];
    // Optional packages for other platforms are named by the lock file but not installed.
    if (installed === undefined && optional) continue;
    if (installed?.version !== version || installed?.integrity !== integrity) return false;
    if (!existsSync(join(packageRoot, path, "package.json"))) return false;
  }
  return Object.keys(present).every((path) => path in wanted);
}

export function installModules() {
  runQuietly("npm ci", "npm", ["ci"], { cwd: packageRoot });
}

function sourcesHash() {
  const hash = createHash("sha256");
  const files = ["src", "web"]
    .flatMap((folder) => readdirSync(join(packageRoot, folder), { withFileTypes: true, recursive: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
  const compiler = join(modules, "typescript", "package.json");
  const settings = ["tsconfig.json", "tsconfig.build.json", "scripts/page.mjs", "scripts/program.mjs"].map(
    (name) => join(packageRoot, name),
  );
  for (const file of [...files, ...settings, ...(existsSync(compiler) ? [compiler] : [])]) {
    hash
      .update(`${file.slice(packageRoot.length)}\0`)
      .update(readFileSync(file))
      .update("\0");
  }
  return hash.digest("hex");
}

export function distIsCurrent() {
  return existsSync(stamp) && readFileSync(stamp, "utf8") === sourcesHash();
}

/** Compiles src, and the dashboard's page, into dist. The old dist stays whole until the new one is complete. */
export function compileSources() {
  const hash = sourcesHash();
  const fresh = join(buildFolder(), "dist.new");
  const old = join(buildFolder(), "dist.old");
  rmSync(fresh, { recursive: true, force: true });
  const compiler = join(modules, "typescript", "bin", "tsc");
  runQuietly(
    "compiling TypeScript",
    process.execPath,
    [compiler, "-p", "tsconfig.build.json", "--outDir", fresh],
    {
      cwd: packageRoot,
    },
  );
  for (const [doing, script] of [
    ["building the page", "page.mjs"],
    ["joining the command line", "program.mjs"],
  ]) {
    runQuietly(doing, process.execPath, [join(packageRoot, "scripts", script), fresh], { cwd: packageRoot });
  }
  writeFileSync(join(fresh, ".stamp"), hash);
  rmSync(old, { recursive: true, force: true });
  if (existsSync(dist)) renameSync(dist, old);
  renameSync(fresh, dist);
  rmSync(old, { recursive: true, force: true });
}
