// Where the set-up puts what it builds, and what is built there now.
import { accessSync, constants, existsSync, mkdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the package: a checkout, or `node_modules/reat` of a project that uses it. */
export const packageRoot = resolve(dirname(fileURLToPath(import.meta.url)), "..");

/** A checkout has the sources and the lock file; an installed package has only what was compiled from them. */
export const isCheckout =
  existsSync(join(packageRoot, "package-lock.json")) && existsSync(join(packageRoot, "src"));

export const packageVersion = JSON.parse(readFileSync(join(packageRoot, "package.json"), "utf8")).version;

function buildFolders() {
  const cache = process.env.REAT_CACHE ?? join(homedir(), ".cache", "reat");
  return [join(packageRoot, "build"), join(cache, packageVersion, "build")];
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
  throw new Error(`neither ${buildFolders().join(" nor ")} can be written to`);
}

/** What the last set-up built and made active, or undefined where there is none. */
export function activeBuild() {
  for (const folder of buildFolders()) {
    const file = join(folder, "native", "active.json");
    if (!existsSync(file)) continue;
    const active = JSON.parse(readFileSync(file, "utf8"));
    if (existsSync(active.addon)) return active;
  }
  return undefined;
}

export const choiceFile = () => join(buildFolder(), "choice.json");

/** The LibTorch or Python that an earlier set-up was told to keep to; the environment goes before it. */
export function keptChoice(env = process.env) {
  if (env.LIBTORCH || env.REAT_PYTHON || !existsSync(choiceFile())) return {};
  return JSON.parse(readFileSync(choiceFile(), "utf8"));
}
