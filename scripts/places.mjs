// Where the set-up puts what it builds, and what lies there now.
import { accessSync, constants, existsSync, mkdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, isAbsolute, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the package: a checkout, or `node_modules/reat` of a project that uses it. */
export const packageRoot = resolve(dirname(fileURLToPath(import.meta.url)), "..");

/** Whether this is a checkout, with sources and lock file. An installed package has only compiled files. */
export const isCheckout =
  existsSync(join(packageRoot, "package-lock.json")) && existsSync(join(packageRoot, "src"));

export const packageVersion = JSON.parse(readFileSync(join(packageRoot, "package.json"), "utf8")).version;

/** `$REAT_CACHE`, or else `~/.cache/reat`; undefined if the user has no home folder. */
function cacheFolder() {
  if (process.env.REAT_CACHE) return process.env.REAT_CACHE;
  try {
    return join(homedir(), ".cache", "reat");
  } catch {
    return undefined;
  }
}

function buildFolders() {
  const cache = cacheFolder();
  return [join(packageRoot, "build"), ...(cache ? [join(cache, packageVersion, "build")] : [])];
}

/** The build folder inside the package, or in the user's cache if the package's folder is read-only. */
export function buildFolder() {
  for (const folder of buildFolders()) {
    try {
      mkdirSync(folder, { recursive: true });
      accessSync(folder, constants.W_OK);
      return folder;
    } catch {
      // This place is read-only: try the next one.
    }
  }
  const tried = buildFolders().join(" nor ");
  throw new Error(`Nothing can be written to ${tried}; REAT_CACHE names another folder`);
}

/**
 * Where a user's projects keep the addon of one key for each other, so that each combination of sources and LibTorch is compiled
 * once for all of them; undefined if there is no place for it.
 */
export function sharedAddon(key) {
  const cache = cacheFolder();
  return cache && join(cache, "addons", `${key}.node`);
}

/** What the last set-up built and made active; undefined if there is nothing. */
export function activeBuild() {
  for (const folder of buildFolders()) {
    const native = join(folder, "native");
    const file = join(native, "active.json");
    if (!existsSync(file)) continue;
    const active = JSON.parse(readFileSync(file, "utf8"));
    const addon = addonOf(native, active);
    // Older records, without `builtIn`, name their addon by its full path.
    const builtIn = active.builtIn ?? (active.addon === addon ? packageRoot : undefined);
    if (existsSync(addon)) return { ...active, addon, builtIn };
  }
  return undefined;
}

/** Writes the record. It names the addon relative to their common folder, so that a copied checkout never uses another one's addon. */
function addonOf(native, { addon, key }) {
  return isAbsolute(addon) ? join(native, key, "reat_native.node") : join(native, addon);
}

/** If the checkout was moved after its addon was built: where it was then. Otherwise undefined. */
export function movedFrom({ addon, builtIn }) {
  const inside = !relative(packageRoot, addon).startsWith("..");
  return inside && builtIn !== packageRoot ? (builtIn ?? "another place") : undefined;
}

export const choiceFile = () => join(buildFolder(), "choice.json");

/** A chosen path as it is stored: relative if it lies in the checkout, so that it moves with it. A bare name is searched on the PATH. */
export function keptPath(name) {
  if (!name?.includes("/")) return name;
  const inside = relative(packageRoot, resolve(name));
  return inside.startsWith("..") || isAbsolute(inside) ? resolve(name) : `./${inside}`;
}

/**
 * The LibTorch or Python that an earlier set-up stored for later ones; environment variables go before it. `found` is true if the
 * set-up found it and nobody named it.
 */
export function keptChoice(env = process.env) {
  // Only read, never created: some users may look at this folder but not write to it.
  const file = buildFolders()
    .map((folder) => join(folder, "choice.json"))
    .find((path) => existsSync(path));
  if (env.LIBTORCH || env.REAT_PYTHON || file === undefined) return {};
  const kept = JSON.parse(readFileSync(file, "utf8"));
  const path = (name) => (name?.includes("/") ? resolve(packageRoot, name) : name);
  return { ...kept, libtorch: path(kept.libtorch), python: path(kept.python) };
}
