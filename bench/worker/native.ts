// Compiles a file of bench/native against the LibTorch that reat uses, once, and loads it.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { activeBuild } from "#scripts/places.mjs";

const require = createRequire(import.meta.url);
const sources = fileURLToPath(new URL("../../../bench/native", import.meta.url));
const kernels = fileURLToPath(new URL("../../../native", import.meta.url));
const folder = fileURLToPath(new URL("../../bench-files", import.meta.url));

/**
 * What bench/native/NAME.cc exports.
 * @param libraries paths of the libraries that it needs besides LibTorch
 * @param options further options of the compiler
 * @throws Error with the compiler's message if it cannot be compiled
 */
export function loadNative(
  name: string,
  libraries: readonly string[] = [],
  options: readonly string[] = [],
): unknown {
  const libtorch = activeBuild()?.libtorch;
  if (!libtorch) throw new Error("the addon is not built: run `npm run setup`");
  const source = join(sources, `${name}.cc`);
  const headers = join(dirname(require.resolve("node-api-headers/package.json")), "include");
  // What it includes of the addon is part of it.
  const included = readdirSync(kernels)
    .filter((file) => file.endsWith(".h"))
    .map((file) => readFileSync(join(kernels, file), "utf8"));
  const identity = [
    ...[libtorch.prefix, libtorch.identity, readFileSync(source, "utf8"), ...options, ...included],
  ].join("\0");
  const key = createHash("sha256").update(identity).digest("hex").slice(0, 16);
  const file = join(folder, `${name}-${key}.node`);
  if (!existsSync(file)) {
    mkdirSync(folder, { recursive: true });
    execFileSync(
      "c++",
      [
        ...["-shared", "-fPIC", "-O2", `-std=c++${libtorch.cxxStandard}`, "-o", `${file}.tmp`, source],
        `-D_GLIBCXX_USE_CXX11_ABI=${libtorch.cxx11Abi ? 1 : 0}`,
        ...options,
        ...[headers, kernels, ...libtorch.includeDirs].flatMap((path) => ["-isystem", path]),
        ...libtorch.libraries,
        ...libraries,
        `-Wl,-rpath,${libtorch.libDir}`,
      ],
      { stdio: ["ignore", "ignore", "pipe"] },
    );
    renameSync(`${file}.tmp`, file);
  }
  return require(file);
}
