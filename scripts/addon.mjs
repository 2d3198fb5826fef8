// Builds the addon against one LibTorch, once for each combination of sources and LibTorch, and makes it active.
import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { dirname, join, relative } from "node:path";
import { activeBuild, buildFolder, isCheckout, movedFrom, packageRoot, sharedAddon } from "./places.mjs";
import { findProgram, runQuietly } from "./processes.mjs";
import { restrainUcx } from "./ucx.mjs";

const require = createRequire(import.meta.url);

/** How many addons are kept beside the active one, so that going back to another LibTorch needs no build. */
const keptBuilds = 4;

function headerFolders() {
  const headers = join(dirname(require.resolve("node-api-headers/package.json")), "include");
  return [headers, dirname(require.resolve("node-addon-api/package.json"))];
}

/** Node's version is not part of the key, because Node-API is the same in every version. */
function keyOf(libtorch) {
  const hash = createHash("sha256");
  const native = join(packageRoot, "native");
  for (const name of readdirSync(native, { recursive: true }).sort()) {
    if (/\.(cc|h)$|^CMakeLists\.txt$/.test(name))
      hash.update(`${name}\0`).update(readFileSync(join(native, name)));
  }
  for (const name of ["node-addon-api", "node-api-headers"]) {
    hash.update(JSON.parse(readFileSync(require.resolve(`${name}/package.json`), "utf8")).version);
  }
  hash.update(
    [
      ...[process.arch, libtorch.prefix, libtorch.identity, libtorch.cxx11Abi, libtorch.cxxStandard],
      ...libtorch.cudaIncludes,
      ...libtorch.ncclIncludes,
      libtorch.openmp,
      libtorch.distributed,
      libtorch.onednn ?? "",
    ].join("\0"),
  );
  return hash.digest("hex").slice(0, 16);
}

/** The active addon, if it was built here from these sources and this LibTorch. */
export function upToDateBuild(libtorch) {
  const active = activeBuild();
  return active?.key === keyOf(libtorch) && !movedFrom(active) ? active : undefined;
}

/** Removes a build tree that was configured in another place or for other sources, because CMake refuses to use it. */
export function removeForeignTree(tree, sources) {
  const cache = join(tree, "CMakeCache.txt");
  if (!existsSync(cache)) return;
  const text = readFileSync(cache, "utf8");
  const entry = (name) => new RegExp(`^${name}:INTERNAL=(.*)$`, "m").exec(text)?.[1];
  if (entry("CMAKE_HOME_DIRECTORY") === sources && entry("CMAKE_CACHEFILE_DIR") === tree) return;
  rmSync(tree, { recursive: true, force: true });
}

/** Copies a file so that nobody ever sees a part of it. */
function copyWhole(source, target) {
  mkdirSync(dirname(target), { recursive: true });
  const unfinished = `${target}.${process.pid}.tmp`;
  copyFileSync(source, unfinished);
  renameSync(unfinished, target);
}

function compile(libtorch, target) {
  const tree = join(
    buildFolder(),
    "cmake",
    createHash("sha256").update(`${libtorch.prefix}\0${libtorch.identity}`).digest("hex").slice(0, 16),
  );
  removeForeignTree(tree, join(packageRoot, "native"));
  mkdirSync(tree, { recursive: true });
  const definitions = {
    REAT_TORCH_INCLUDES: libtorch.includeDirs.join(";"),
    REAT_TORCH_LIBRARIES: libtorch.libraries.join(";"),
    REAT_TORCH_LIB_DIR: libtorch.libDir,
    REAT_CXX_STANDARD: libtorch.cxxStandard,
    REAT_CXX11_ABI: libtorch.cxx11Abi ? 1 : 0,
    REAT_NODE_INCLUDES: headerFolders().join(";"),
    REAT_CUDA_INCLUDES: libtorch.cudaIncludes.join(";"),
    REAT_NCCL_INCLUDES: libtorch.ncclIncludes.join(";"),
    REAT_OPENMP: libtorch.openmp ? 1 : 0,
    REAT_DISTRIBUTED: libtorch.distributed ? 1 : 0,
    REAT_ONEDNN_LIBRARY: libtorch.onednn ?? "",
  };
  // An existing build tree keeps its generator (Make or Ninja); naming another one would be an error.
  const generator = existsSync(join(tree, "CMakeCache.txt"))
    ? []
    : ["-G", findProgram("ninja") ? "Ninja" : "Unix Makefiles"];
  const settings = Object.entries(definitions).map(([name, value]) => `-D${name}=${value}`);
  const what = `building the addon against LibTorch ${libtorch.version} in ${libtorch.prefix}`;
  runQuietly(what, "cmake", ["-S", join(packageRoot, "native"), "-B", tree, ...generator, ...settings]);
  runQuietly(what, "cmake", ["--build", tree, "--parallel", String(Math.min(availableParallelism(), 8))]);
  copyWhole(join(tree, "reat_native.node"), target);
  // Keeping the build tree only helps those who change the sources.
  if (!isCheckout) rmSync(tree, { recursive: true, force: true });
}

/** Loads the addon in a separate process, because a wrong library may abort it. */
function tryLoading(addon) {
  const load = ["-e", `require(${JSON.stringify(addon)})`];
  const env = restrainUcx({ ...process.env });
  runQuietly("loading the addon that was just built", process.execPath, load, { env });
}

/** Takes the addon that another project of this user compiled from the same sources for the same LibTorch, if it loads. */
export function takeShared(key, target) {
  const shared = sharedAddon(key);
  if (!shared || !existsSync(shared)) return false;
  copyWhole(shared, target);
  try {
    tryLoading(target);
    return true;
  } catch {
    rmSync(target);
    return false;
  }
}

/** Other projects only save time by it: a cache that cannot be written is no fault. Checkouts keep theirs, which change often. */
function share(key, addon) {
  const shared = sharedAddon(key);
  if (isCheckout || !shared) return;
  try {
    copyWhole(addon, shared);
  } catch {
    // The cache is read-only or full.
  }
}

function prune(folder, activeKey) {
  const old = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== activeKey)
    .map((entry) => ({ path: join(folder, entry.name), time: statSync(join(folder, entry.name)).mtimeMs }))
    .sort((a, b) => b.time - a.time);
  for (const { path } of old.slice(keptBuilds)) rmSync(path, { recursive: true, force: true });
}

/**
 * Compiles the addon if needed, checks that it loads, and records it in `active.json`.
 * @returns the record, and whether the addon was compiled now, kept from before, or shared by another project
 */
export function buildAddon(libtorch, { force = false } = {}) {
  const key = keyOf(libtorch);
  const native = join(buildFolder(), "native");
  const addon = join(native, key, "reat_native.node");
  const before = activeBuild();
  const needed = force || !existsSync(addon) || (before !== undefined && movedFrom(before) !== undefined);
  const shared = needed && !force && takeShared(key, addon);
  const compiled = needed && !shared;
  const start = performance.now();
  if (compiled) compile(libtorch, addon);
  const seconds = compiled ? Math.round((performance.now() - start) / 1000) : before?.seconds;
  if (!shared) tryLoading(addon);
  if (compiled) share(key, addon);
  utimesSync(dirname(addon), new Date(), new Date());
  const builtAt = statSync(addon).mtime.toISOString();
  // A relative path, so that the record stays right when the folder is moved.
  const active = { addon: relative(native, addon), builtIn: packageRoot, key, libtorch, builtAt, seconds };
  const unfinished = join(native, `active.json.${process.pid}.tmp`);
  writeFileSync(unfinished, `${JSON.stringify(active, null, 2)}\n`);
  renameSync(unfinished, join(native, "active.json"));
  prune(native, key);
  return { active, origin: compiled ? "compiled" : shared ? "shared" : "kept" };
}
