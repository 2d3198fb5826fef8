// Finds the LibTorch to build against: the folder that LIBTORCH names, the PyTorch of a named Python, or the system's. If there is
// none of these, it takes the PyTorch of an activated virtual environment or of python3.
//
// Needs nothing but Node: the set-up runs it before any package is installed, and `reat doctor` shows its steps.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync, statSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";

/** Debian's name for the library folder of this machine's architecture. */
export const multiarch =
  {
    x64: "x86_64-linux-gnu",
    arm64: "aarch64-linux-gnu",
    ppc64: "powerpc64le-linux-gnu",
    riscv64: "riscv64-linux-gnu",
  }[process.arch] ?? `${process.arch}-linux-gnu`;

/** Prefixes under which a system keeps a LibTorch, in the order tried. */
export const systemPrefixes = ["/usr", "/usr/local", "/opt/libtorch"];

const cpuLibraries = ["libtorch.so", "libtorch_cpu.so", "libc10.so"];
const gpuLibraries = ["libtorch_cuda.so", "libc10_cuda.so", "libtorch_hip.so", "libc10_hip.so"];
const versionHeaders = [
  join("torch", "headeronly", "version.h"),
  join("torch", "csrc", "api", "include", "torch", "version.h"),
];

/** "2.13.0", from a header that defines TORCH_VERSION_MAJOR, _MINOR and _PATCH; undefined if it does not. */
function versionOfHeader(path) {
  const text = readFileSync(path, "utf8");
  const part = (name) => new RegExp(`#define TORCH_VERSION_${name}\\s+(\\d+)`).exec(text)?.[1];
  const parts = [part("MAJOR"), part("MINOR"), part("PATCH")];
  return parts.every((value) => value !== undefined) ? parts.join(".") : undefined;
}

const words = {
  cxx11Abi: "__cxx1112basic_string",
  distributed: "ProcessGroupGloo",
  onednn: "libdnnl.so.2",
};
const openmpName = /^lib(gomp|iomp5|omp)[\w.-]*\.so/;
const traitsRead = new Map();

/** Whether one of these names is an OpenMP, such as libgomp-a34b3233.so.1. */
function namesOpenMp(names) {
  for (const start of ["libgomp", "libiomp5", "libomp"]) {
    for (let at = names.indexOf(start); at >= 0; at = names.indexOf(start, at + 1)) {
      if (openmpName.test(names.toString("latin1", at, at + 64))) return true;
    }
  }
  return false;
}

/**
 * The names in a library: of what it loads, and of what it offers and needs. An ELF file of 64 bits keeps them in one section
 * (ELF-64 Object File Format, version 1.5: section headers), a tenth of a LibTorch's hundreds of megabytes. Of another file, all.
 */
function namesIn(library) {
  const file = openSync(library, "r");
  try {
    const read = (length, position) => {
      const bytes = Buffer.alloc(length);
      return bytes.subarray(0, readSync(file, bytes, 0, length, position));
    };
    const header = read(64, 0);
    const isElf64 = header.length === 64 && header.readUInt32BE(0) === 0x7f454c46 && header[4] === 2;
    if (!isElf64 || header[5] !== 1) return readFileSync(file);
    const size = header.readUInt16LE(58);
    const sections = read(size * header.readUInt16LE(60), Number(header.readBigUInt64LE(40)));
    for (let at = 0; at + size <= sections.length; at += size) {
      const isStrings = sections.readUInt32LE(at + 4) === 3;
      const isLoaded = (sections.readUInt32LE(at + 8) & 2) !== 0;
      if (isStrings && isLoaded) {
        return read(Number(sections.readBigUInt64LE(at + 32)), Number(sections.readBigUInt64LE(at + 24)));
      }
    }
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
}

/** What the names in a library say of it. Each library is read once, however many questions and searches there are. */
function traitsOf(library) {
  const { ino, mtimeNs, size } = statSync(library, { bigint: true });
  const key = `${library}:${ino}:${size}:${mtimeNs}`;
  let traits = traitsRead.get(key);
  if (traits === undefined) {
    const names = namesIn(library);
    traits = { openmp: namesOpenMp(names) };
    for (const [trait, word] of Object.entries(words)) traits[trait] = names.includes(word);
    traitsRead.set(key, traits);
  }
  return traits;
}

/** Whether a library's C++ strings follow the C++11 ABI, which its mangled names show. */
export function usesCxx11Abi(library) {
  return traitsOf(library).cxx11Abi;
}

/** PyTorch's headers need C++20 from 2.9 on; older ones are C++17. */
function cxxStandard(version) {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > 2 || (major === 2 && minor >= 9) ? 20 : 17;
}

/**
 * Folders of CUDA headers that fit a LibTorch, for the part of the addon that captures graphs. They are looked for in the toolkit
 * that the environment names, beside a Python's torch, and in the system. Empty if there are none.
 */
export function cudaIncludeDirs(prefix, env = process.env, systemToolkits = ["/usr/local/cuda", "/usr"]) {
  const packages = join(prefix, "..", "nvidia");
  const pip = existsSync(packages)
    ? readdirSync(packages)
        .filter((name) => /^cu\d+$|^cuda_runtime$/.test(name))
        .map((name) => join(packages, name))
    : [];
  const toolkits = [env.CUDA_HOME, env.CUDA_PATH, ...pip, ...systemToolkits].filter(Boolean);
  // Since CUDA 13 the first header needs the second, and pip may install one without the other.
  const needed = ["cuda_runtime_api.h", join("crt", "host_defines.h")];
  const whole = toolkits
    .map((toolkit) => join(toolkit, "include"))
    .find((folder) => needed.every((header) => existsSync(join(folder, header))));

  return whole === undefined ? [] : [whole];
}

/**
 * Folders of NCCL's header and of those of CUDA's libraries that LibTorch's header of NCCL reads, beside a Python's torch or in a
 * toolkit, for processes that exchange tensors of GPUs. Empty if NCCL's own is not there.
 */
export function ncclIncludeDirs(prefix, toolkits) {
  const packages = join(prefix, "..", "nvidia");
  const pip = existsSync(packages)
    ? readdirSync(packages).map((name) => join(packages, name, "include"))
    : [];
  const folders = [...pip, ...toolkits, "/usr/include"];
  const needed = ["nccl.h", "cublas_v2.h", "cusparse.h", "cusolverDn.h"].map((header) =>
    folders.find((folder) => existsSync(join(folder, header))),
  );
  // The compiler searches /usr/include by itself, and naming it would break its order of header folders.
  return needed[0] === undefined
    ? []
    : [...new Set(needed)].filter((folder) => folder !== undefined && folder !== "/usr/include");
}

/**
 * The oneDNN that a LibTorch loads from the system, as Debian's does, if its headers are installed. The addon uses convolutions of
 * it that LibTorch does not use. Version 3 of oneDNN no longer has them.
 */
export function systemOnednn(libraryFolder, headers = "/usr/include") {
  const library = join(libraryFolder, "libdnnl.so.2");
  const torch = join(libraryFolder, "libtorch_cpu.so");
  const version = join(headers, "oneapi", "dnnl", "dnnl_version.h");
  if (![library, torch, version].every((path) => existsSync(path))) return undefined;
  if (!/#define DNNL_VERSION_MAJOR\s+2\b/.test(readFileSync(version, "utf8"))) return undefined;
  return traitsOf(torch).onednn ? library : undefined;
}

/**
 * Whether a LibTorch uses an OpenMP that GNU's compiler can call. The addon can then use the same threads.
 */
export function usesOpenMp(library) {
  return traitsOf(library).openmp;
}

/** Whether a LibTorch has process groups over Gloo, and the headers to call them. */
export function hasProcessGroups(library, includes) {
  const header = join("torch", "csrc", "distributed", "c10d", "ProcessGroupGloo.hpp");
  return includes.some((folder) => existsSync(join(folder, header))) && traitsOf(library).distributed;
}

/** Changes when another LibTorch is installed in the same place, so that the addon is built again. */
function identityOf(paths, version) {
  const hash = createHash("sha256").update(version);
  for (const path of paths) {
    const { size, mtimeMs } = statSync(path);
    hash.update(`${path}:${size}:${Math.round(mtimeMs)};`);
  }
  return hash.digest("hex").slice(0, 16);
}

/**
 * Checks one folder that may be a LibTorch (an unpacked libtorch, the torch folder of a Python, or a prefix like /usr).
 * @returns `{ libtorch }`, or `{ missing }` with the names of the files that a build needs and the folder lacks
 */
export function inspectLibTorch(prefix, source) {
  const root = resolve(prefix);
  if (!existsSync(root)) return { missing: [`the folder ${root}`] };
  const libDir = [join(root, "lib"), join(root, "lib", multiarch), join(root, "lib64")].find((folder) =>
    existsSync(join(folder, "libtorch_cpu.so")),
  );
  const include = join(root, "include");
  const missing = [];
  if (libDir === undefined) missing.push("lib/libtorch_cpu.so");
  else for (const name of cpuLibraries) if (!existsSync(join(libDir, name))) missing.push(`lib/${name}`);
  const api = join(include, "torch", "csrc", "api", "include");
  if (!existsSync(join(api, "torch", "torch.h")))
    missing.push("include/torch/csrc/api/include/torch/torch.h");
  let version;
  for (const header of versionHeaders) {
    const path = join(include, header);
    if (version === undefined && existsSync(path)) version = versionOfHeader(path);
  }
  if (version === undefined) missing.push("include/torch/csrc/api/include/torch/version.h");
  if (missing.length > 0 || libDir === undefined || version === undefined) return { missing };
  const libraries = [...cpuLibraries, ...gpuLibraries]
    .map((name) => join(libDir, name))
    .filter((path) => existsSync(path));
  const cudaIncludes = libraries.some((path) => /_cuda\.so$/.test(path)) ? cudaIncludeDirs(root) : [];
  return {
    libtorch: {
      prefix: root,
      source,
      version,
      libDir,
      // The compiler searches /usr/include by itself, and naming it would break its order of header folders.
      includeDirs: root === "/usr" ? [api] : [include, api],
      libraries,
      cxx11Abi: usesCxx11Abi(join(libDir, "libc10.so")),
      cxxStandard: cxxStandard(version),
      cuda: libraries.some((path) => /_(cuda|hip)\.so$/.test(path)),
      cudaIncludes,
      ncclIncludes: cudaIncludes.length > 0 ? ncclIncludeDirs(root, cudaIncludes) : [],
      openmp: usesOpenMp(join(libDir, "libtorch_cpu.so")),
      distributed: hasProcessGroups(join(libDir, "libtorch_cpu.so"), [include]),
      onednn: systemOnednn(libDir),
      identity: identityOf(libraries, version),
    },
  };
}

/** Asks a Python for the folder of its torch, without importing it, which would take seconds. */
function torchFolderOf(python) {
  const code =
    "import importlib.util as u; s = u.find_spec('torch'); print(next(iter(s.submodule_search_locations)) if s else '')";
  const answer = spawnSync(python, ["-c", code], { encoding: "utf8", timeout: 20_000 });
  if (answer.error?.code === "ENOENT") return { reason: `there is no Python at ${python}` };
  if (answer.status !== 0) {
    const last = (answer.stderr ?? "").trim().split("\n").at(-1);
    return { reason: `${python} did not answer${last ? `: ${last}` : ""}` };
  }
  const folder = answer.stdout.trim();
  return folder === "" ? { reason: `${python} has no torch installed` } : { folder };
}

function lookInNamedFolder(prefix) {
  const { libtorch, missing } = inspectLibTorch(prefix, "LIBTORCH");
  if (libtorch) return { libtorch };
  return { reason: `${prefix} is not a complete LibTorch, it lacks ${missing.join(", ")}` };
}

function lookInPython(python) {
  const { folder, reason } = torchFolderOf(python);
  if (folder === undefined) return { reason };
  const found = inspectLibTorch(folder, "python");
  if (found.libtorch) return found;
  return { reason: `the torch of ${python} (${folder}) lacks ${found.missing.join(", ")}` };
}

function lookInSystem(prefixes) {
  for (const prefix of prefixes) {
    const { libtorch } = inspectLibTorch(prefix, "system");
    if (libtorch) return { libtorch };
  }
  return { reason: `no LibTorch under ${prefixes.join(", ")}` };
}

/** The Python of an activated virtual environment, or else the python3 that a shell would find; undefined if there is none. */
function unnamedPythons(env) {
  const folders = (env.PATH ?? "").split(delimiter).filter(Boolean);
  return {
    activated: env.VIRTUAL_ENV ? join(env.VIRTUAL_ENV, "bin", "python") : undefined,
    python3: folders.map((folder) => join(folder, "python3")).find((path) => existsSync(path)),
  };
}

/**
 * Searches in order and stops at the first that is named or found.
 *
 * If a LibTorch was named and cannot be used, the search fails and takes no other.
 * `steps` has a row for each place: `taken`, `absent` (nothing there, or not named), `broken`, or `unneeded`.
 * `unnamedPython` is the Python whose PyTorch was found although nobody named it.
 */
export function searchLibTorch(options = {}) {
  const { env = process.env, prefixes = systemPrefixes } = options;
  const prefix = options.libtorch || env.LIBTORCH;
  const python = options.python || env.REAT_PYTHON;
  const { activated, python3 } = unnamedPythons(env);
  const places = [
    { name: "LIBTORCH", named: prefix, unnamed: "not set", look: () => lookInNamedFolder(prefix) },
    {
      name: "named Python",
      named: python,
      unnamed: "none named (REAT_PYTHON or --python)",
      look: () => lookInPython(python),
    },
    { name: "system", look: () => lookInSystem(prefixes) },
    {
      name: "virtual environment",
      unnamed: activated ? undefined : "none is activated",
      unnamedPython: activated,
      look: () => lookInPython(activated),
    },
    {
      name: "python3",
      unnamed: python3 ? undefined : "not on the PATH",
      unnamedPython: python3,
      look: () => lookInPython(python3),
    },
  ];
  const steps = [];
  let libtorch;
  let error;
  let foundPython;
  for (const { name, named, unnamed, unnamedPython, look } of places) {
    if (libtorch || error) {
      steps.push({ name, status: "unneeded", detail: "not looked at, an earlier place decided" });
    } else if (!named && unnamed) {
      steps.push({ name, status: "absent", detail: unnamed });
    } else {
      const found = look();
      libtorch = found.libtorch;
      if (libtorch) foundPython = unnamedPython;
      if (libtorch) steps.push({ name, status: "taken", detail: describeLibTorch(libtorch) });
      else steps.push({ name, status: named ? "broken" : "absent", detail: found.reason });
      if (!libtorch && named) error = `${name}: ${found.reason}`;
    }
  }
  return { steps, libtorch, error, unnamedPython: foundPython };
}

/** "LibTorch 1.13.0 (system, /usr)" */
export function describeLibTorch({ version, source, prefix, cuda }) {
  const from = source === "python" ? "named Python" : source;
  return `LibTorch ${version} (${from}, ${prefix}${cuda ? ", with CUDA" : ""})`;
}
