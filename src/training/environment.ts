// What a run was made with: versions, device, threads, processor, revision.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { type Device, systemInfo, threads } from "../tensor/index.js";

/** Written to environment.json and beside each result. */
export interface Environment {
  readonly reat: string;
  readonly node: string;
  readonly libtorch: string;
  readonly platform: string;
  readonly device: string;
  readonly threads: number;
  readonly cpu: string;
  readonly cores: number;
  /** The checkout's commit, or `null` where reat is installed as a package. */
  readonly revision: { readonly commit: string; readonly modified: boolean } | null;
}

// Two folders below the package's root, in the sources as in what is compiled from them.
const packageRoot = new URL("../../", import.meta.url);

export function currentEnvironment(device: Device): Environment {
  const { version } = JSON.parse(readFileSync(new URL("package.json", packageRoot), "utf8")) as {
    version: string;
  };
  const processors = cpus();
  return {
    reat: version,
    node: process.versions.node,
    libtorch: systemInfo().torchVersion,
    platform: `${process.platform}-${process.arch}`,
    device,
    threads: threads(),
    cpu: processors[0]?.model.trim() ?? "unknown",
    cores: processors.length,
    revision: revision(),
  };
}

/** What of the environment decides the last bits of a result, and differs: "threads: 2 before, 4 now". */
export function environmentChanges(before: Environment, now: Environment): string[] {
  const deciding = ["reat", "libtorch", "device", "threads", "cpu"] as const;
  return deciding
    .filter((key) => before[key] !== now[key])
    .map((key) => `${key} was ${before[key]} and is ${now[key]}`);
}

function revision(): Environment["revision"] {
  const folder = fileURLToPath(packageRoot);
  // Installed inside somebody's repository, git would answer with theirs.
  if (!existsSync(new URL(".git", packageRoot))) return null;
  const git = (...args: string[]) =>
    execFileSync("git", ["-C", folder, ...args], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  try {
    return { commit: git("rev-parse", "HEAD"), modified: git("status", "--porcelain") !== "" };
  } catch {
    return null;
  }
}
