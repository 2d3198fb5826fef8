// The programs of the two sides: our worker, and the PyTorch baseline if there is one.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { SideProgram } from "./side.js";

// The compiled program lies two folders below the package's root, and the scripts of the baseline are not compiled.
const worker = fileURLToPath(new URL("worker/main.js", import.meta.url));
const baseline = fileURLToPath(new URL("../../bench/pytorch/side.py", import.meta.url));

/** Our own side. @param env additional environment variables */
export function ourProgram(environment: Readonly<Record<string, string>> = {}): SideProgram {
  return { name: "reat", command: process.execPath, args: [worker], environment };
}

/** Debian's PyTorch belongs to the system's Python, which another Python on the path may hide. */
const candidates = ["/usr/bin/python3", "python3", "python"];

/** A Python with torch, or why there is none. */
export type PythonSearch =
  | { readonly python: string; readonly version: string }
  | { readonly reason: string };

/** @param env REAT_BENCH_PYTHON names a Python instead of the search */
export function findPython(env: Readonly<Record<string, string | undefined>> = process.env): PythonSearch {
  const named = env.REAT_BENCH_PYTHON;
  const tried = named ? [named] : candidates;
  for (const python of tried) {
    const found = spawnSync(python, ["-c", "import numpy, torch; print(torch.__version__)"], {
      encoding: "utf8",
      env: { ...process.env, ...env },
    });
    if (found.status === 0) return { python, version: found.stdout.trim() };
  }
  return {
    reason: named
      ? `REAT_BENCH_PYTHON names ${named}, which cannot import numpy and torch`
      : `no Python here can import numpy and torch (tried ${tried.join(", ")}): install python3-torch, or name one in REAT_BENCH_PYTHON`,
  };
}

/**
 * The baseline's side. Its idle threads wait as GNU OpenMP's defaults say, because that is what users have.
 * @param environment additional environment variables
 */
export function baselineProgram(
  python: string,
  environment: Readonly<Record<string, string>> = {},
): SideProgram {
  return { name: "PyTorch", command: python, args: [baseline], environment };
}
