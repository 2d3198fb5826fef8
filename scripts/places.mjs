// Where the set-up puts what it builds, and what is built there now.
import { accessSync, constants, existsSync, mkdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, isAbsolute, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the package: a checkout, or `node_modules/reat` of a project that uses it. */
export const packageRoot = resolve(dirname(fileURLToPath(import.meta.url)), "..");

/** A checkout has the sources and the lock file; an installed package has only what was compiled from them. */
export const isCheckout =
  existsSync(join(packageRoot, "package-lock.json")) && existsSync(join(packageRoot, "src"));

export const packageVersion = JSON.parse(readFileSync(join(packageRoot, "package.json"), "utf8")).version;

/** `$REAT_CACHE`, else `~/.cache/reat`; undefined where the user has no home. */
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

/** The build folder inside the package, or in the user's cache where the package cannot be written to. */
export function buildFolder() {
  for (const folder of buildFolders()) {
    try {
      mkdirSync(folder, { recursive: true });
      accessSync(folder, constants.W_OK);
      return folder;
    } catch {
      // Read-only: the next one.
    }
  }
  const tried = buildFolders().join(" nor ");
  throw new Error(`Nothing can be written to ${tried}; REAT_CACHE names another folder`);
}

/** What the last set-up built and made active, or undefined where there is none. */
export function activeBuild() {
  for (const folder of buildFolders()) {
    const native = join(folder, "native");
    const file = join(native, "active.json");
    if (!existsSync(file)) continue;
    const active = JSON.parse(readFileSync(file, "utf8"));
    const addon = addonOf(native, active);
    // A record from before `builtIn` names its addon by its full path.
    const builtIn = active.builtIn ?? (active.addon === addon ? packageRoot : undefined);
    if (existsSync(addon)) return { ...active, addon, builtIn };
  }
  return undefined;
}

/** The record names its addon from the folder that both lie in, so that a copied checkout never finds another one's. */
function addonOf(native, { addon, key }) {
  return isAbsolute(addon) ? join(native, key, "reat_native.node") : join(native, addon);
}

/** Where the checkout was when its addon was built, if that was not here; undefined where it was. */
export function movedFrom({ addon, builtIn }) {
  const inside = !relative(packageRoot, addon).startsWith("..");
  return inside && builtIn !== packageRoot ? (builtIn ?? "another place") : undefined;
}

export const choiceFile = () => join(buildFolder(), "choice.json");

/** A path of a choice as it is kept: within the checkout it moves along with it; a bare name is searched on the PATH. */
export function keptPath(name) {
  if (!name?.includes("/")) return name;
  const inside = relative(packageRoot, resolve(name));
  return inside.startsWith("..") || isAbsolute(inside) ? resolve(name) : `./${inside}`;
}

/**
 * The LibTorch or Python that an earlier set-up was told to keep to; the environment goes before it. `found` is true where
 * nobody named it.
 */
export function keptChoice(env = process.env) {
  // Read where it lies: whoever only looks may not be allowed to write there.
  const file = buildFolders()
    .map((folder) => join(folder, "choice.json"))
    .find((path) => existsSync(path));
  if (env.LIBTORCH || env.REAT_PYTHON || file === undefined) return {};
  const kept = JSON.parse(readFileSync(file, "utf8"));
  const path = (name) => (name?.includes("/") ? resolve(packageRoot, name) : name);
  return { ...kept, libtorch: path(kept.libtorch), python: path(kept.python) };
}
