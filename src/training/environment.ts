// What a run was made with: versions, device, threads, processor, revision.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { ReatError } from "../errors.js";
import { firstMisfit } from "../schema-misfit.js";
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

const schema = z.looseObject({
  reat: z.string(),
  node: z.string(),
  libtorch: z.string(),
  platform: z.string(),
  device: z.string(),
  threads: z.number(),
  cpu: z.string(),
  cores: z.number(),
  revision: z.looseObject({ commit: z.string(), modified: z.boolean() }).nullable(),
  data: z
    .looseObject({ name: z.string(), classNames: z.array(z.string()), trainCounts: z.array(z.number()) })
    .optional(),
});

/** @throws ReatError `data` for a text that is no environment.json */
export function parseEnvironment(text: string, file: string): Environment {
  const damaged = (why: string) =>
    new ReatError(
      "data",
      `${file} is damaged (${why}): put a copy of it back, or delete it; the run then goes on, and only what it was begun with is no longer known.`,
    );
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw damaged("it is no JSON");
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data as Environment;
  throw damaged(firstMisfit(result.error));
}

// Two folders below the package's root, in the sources as in what is compiled from them.
const packageRoot = new URL("../../", import.meta.url);

/** The versions, the device and the machine of this process, as runs keep them. */
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

/** The differences between two environments that change the last bits of a result: "threads: 2 before, 4 now". */
export function environmentChanges(before: Environment, now: Environment): string[] {
  const deciding = ["reat", "libtorch", "device", "threads", "cpu"] as const;
  return deciding
    .filter((key) => before[key] !== now[key])
    .map((key) => `${key} was ${before[key]} and is ${now[key]}`);
}

function revision(): Environment["revision"] {
  const folder = fileURLToPath(packageRoot);
  // Where the package is installed inside another repository, git would name that one's commit.
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
