// Compiles the profiler against the LibTorch that reat uses, once, and loads it.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { activeBuild } from "#scripts/places.mjs";

/** Seconds and calls by operator, without the time of the operators that each one calls. */
export type OperatorTimes = Readonly<Record<string, readonly [seconds: number, calls: number]>>;

export interface Profiler {
  start(): void;
  stop(): OperatorTimes;
}

const require = createRequire(import.meta.url);
const source = fileURLToPath(new URL("../../../bench/native/profiler.cc", import.meta.url));
const folder = fileURLToPath(new URL("../../bench-files", import.meta.url));

/** @throws Error with the compiler's words where it cannot be compiled */
export function loadProfiler(): Profiler {
  const libtorch = activeBuild()?.libtorch;
  if (!libtorch) throw new Error("the addon is not built: run `npm run setup`");
  const headers = join(dirname(require.resolve("node-api-headers/package.json")), "include");
  const identity = [libtorch.prefix, libtorch.identity, readFileSync(source, "utf8")].join("\0");
  const key = createHash("sha256").update(identity).digest("hex").slice(0, 16);
  const file = join(folder, `profiler-${key}.node`);
  if (!existsSync(file)) {
    mkdirSync(folder, { recursive: true });
    execFileSync(
      "c++",
      [
        ...["-shared", "-fPIC", "-O2", `-std=c++${libtorch.cxxStandard}`, "-o", `${file}.tmp`, source],
        `-D_GLIBCXX_USE_CXX11_ABI=${libtorch.cxx11Abi ? 1 : 0}`,
        ...[headers, ...libtorch.includeDirs].flatMap((path) => ["-isystem", path]),
        ...libtorch.libraries,
        `-Wl,-rpath,${libtorch.libDir}`,
      ],
      { stdio: ["ignore", "ignore", "pipe"] },
    );
    renameSync(`${file}.tmp`, file);
  }
  return require(file) as Profiler;
}
