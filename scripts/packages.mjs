// Finds which system packages a build lacks, and installs them with apt if that is allowed.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { multiarch } from "./libtorch.mjs";
import { isCheckout } from "./places.mjs";
import { findProgram, runQuietly, SetupError } from "./processes.mjs";

const listsFolder = "/var/lib/apt/lists";
const listsFreshMs = 24 * 3_600_000;

/**
 * Debian's LibTorch multiplies matrices with the installed libblas.so.3. The reference library is far slower than OpenBLAS. The
 * OpenMP build of OpenBLAS shares LibTorch's threads and obeys its thread count; the pthread build is equally fast, but always takes
 * all cores. So the OpenMP build is installed if there is no OpenBLAS yet.
 */
export function systemBlas(library = join("/usr/lib", multiarch, "libblas.so.3")) {
  if (!existsSync(library)) return { kind: "none", path: library };
  const path = realpathSync(library);
  if (path.includes("openblas-openmp")) return { kind: "OpenBLAS (OpenMP)", path };
  if (path.includes("openblas")) return { kind: "OpenBLAS (own threads)", path };
  for (const name of ["mkl", "blis", "atlas"])
    if (path.includes(name)) return { kind: name.toUpperCase(), path };
  return { kind: "reference", path };
}

/** The Debian packages that are missing for a build against `libtorch` (undefined if none was found). */
export function missingPackages(libtorch) {
  const missing = [];
  if (libtorch === undefined) missing.push("libtorch-dev");
  if (!findProgram("cmake")) missing.push("cmake");
  if (!findProgram("c++", "g++", "clang++")) missing.push("g++");
  if (!findProgram("ninja", "make")) missing.push("ninja-build");
  // Any LibTorch but Debian's contains its own BLAS.
  const usesSystemBlas = libtorch === undefined || libtorch.libDir.startsWith("/usr/lib");
  if (usesSystemBlas && ["none", "reference"].includes(systemBlas().kind))
    missing.push("libopenblas0-openmp");
  return missing;
}

/** Missing packages that a build does not need, but is faster with: the headers of the oneDNN that LibTorch loads. */
export function usefulPackages(libtorch) {
  if (process.arch !== "x64") return [];
  const brings = libtorch === undefined || (libtorch.libDir.startsWith("/usr/lib") && !libtorch.onednn);
  const library = join("/usr/lib", multiarch, "libdnnl.so.2");
  return brings && (libtorch === undefined || existsSync(library)) ? ["libdnnl-dev"] : [];
}

/** The command for a person to run. */
export function installCommand(packages) {
  return `sudo apt-get install ${packages.join(" ")}`;
}

/** How to run a command as root: as it is, with sudo (if it asks for no password), or not at all. */
function asRoot() {
  if (process.getuid?.() === 0) return [];
  if (findProgram("sudo") && spawnSync("sudo", ["-n", "true"], { stdio: "ignore" }).status === 0)
    return ["sudo", "-n"];
  return undefined;
}

export function canInstall() {
  return findProgram("apt-get") !== undefined && asRoot() !== undefined;
}

function listsAreFresh() {
  if (!existsSync(listsFolder)) return false;
  return readdirSync(listsFolder).some(
    (name) =>
      /_Packages(\.\w+)?$/.test(name) &&
      Date.now() - statSync(join(listsFolder, name)).ctimeMs < listsFreshMs,
  );
}

/** Calls apt-get as root. */
function aptGet(what, ...args) {
  const [program, ...before] = [...asRoot(), "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"];
  runQuietly(what, program, [...before, "-o", "DPkg::Lock::Timeout=600", ...args], { calledAs: "apt-get" });
}

function fetchLists() {
  aptGet("fetching the package lists", "update");
}

/** What the package lists know of a package, and of apt itself, which is in every list. */
function askLists(name) {
  const env = { ...process.env, LC_ALL: "C" };
  return spawnSync("apt-cache", ["policy", "apt", name], { encoding: "utf8", env }).stdout ?? "";
}

/**
 * Whether the package lists offer a package; undefined if no lists were ever fetched.
 *
 * @param policy answer of `apt-cache policy apt <name>`
 */
export function isOffered(name, policy = askLists(name)) {
  const offered = policy
    .split(/^(?=\S+:$)/m)
    // A row such as "500 http://…" is an offer. A package that is only installed has just the row of dpkg.
    .filter((part) => /^ +-?\d+ (?!\/var\/lib\/dpkg)/m.test(part))
    .map((part) => part.slice(0, part.indexOf(":")));
  return offered.includes(name) || (offered.includes("apt") ? false : undefined);
}

/** Whether apt can install a LibTorch: Debian has one, Ubuntu 24.04 has none. Fetches the package lists if there are none. */
export function offersLibTorch() {
  if (!findProgram("apt-cache")) return false;
  let offered = isOffered("libtorch-dev");
  if (offered === undefined && canInstall()) {
    fetchLists();
    offered = isOffered("libtorch-dev");
  }
  // Without lists it is not known; apt-get itself will then report it.
  return offered ?? true;
}

/** Installs Debian packages, and fetches the package lists first if they are old. */
export function installPackages(packages) {
  const install = () =>
    aptGet("installing system packages", "install", "--yes", "--no-install-recommends", ...packages);
  const fresh = listsAreFresh();
  if (!fresh) fetchLists();
  try {
    install();
  } catch (error) {
    if (!fresh) throw error;
    // Even recent lists may name versions that the mirror has replaced since.
    fetchLists();
    install();
  }
}

/** "Ubuntu 24.04.1 LTS" */
function systemName(file) {
  const name = existsSync(file)
    ? /^PRETTY_NAME="?([^"\n]+)"?$/m.exec(readFileSync(file, "utf8"))?.[1]
    : undefined;
  return name ?? "this system";
}

const places = (steps) => steps.map(({ name, detail }) => `${name}: ${detail}`).join("; ");

/** The command that installs a LibTorch where there is no system package of it. */
export function pipCommands(checkout = isCheckout) {
  const setUp = checkout ? "npm run setup -- --python" : "npx reat setup --python";
  return `python3 -m venv .venv && .venv/bin/pip install torch && ${setUp} .venv/bin/python`;
}

/** The message if no LibTorch was found and the system has no package of it. */
export function noLibTorchPackage(steps, osRelease = "/etc/os-release") {
  return new SetupError(
    `No LibTorch was found (${places(steps)}), and ${systemName(osRelease)} has no package libtorch-dev: ` +
      `PyTorch from pip brings one, \`${pipCommands()}\`.`,
  );
}

/** The message for users who may not install packages: what is missing, and the command that installs it. */
export function cannotInstall(packages, libtorch, steps) {
  const what =
    libtorch === undefined
      ? `No LibTorch was found (${places(steps)})`
      : `A build needs ${packages.join(", ")}`;
  const how = findProgram("apt-get")
    ? `run \`${installCommand(packages)}\``
    : `install the counterparts of Debian's ${packages.join(", ")} with this system's package manager`;
  const other = libtorch === undefined ? ", or set LIBTORCH to the folder of an unpacked LibTorch" : "";
  return new SetupError(`${what}: ${how}${other}, then set up again.`);
}
