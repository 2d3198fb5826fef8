// What a launcher (torchrun, Slurm, MPI) tells a process through its environment: which one of how many it is, and where all meet.
import { ReatError } from "./errors.js";

/** A process among those that a launcher started together. */
export interface LaunchedProcess {
  /** From 0 to `size` − 1. */
  readonly rank: number;
  /** At least 2. */
  readonly size: number;
  /** Its number on its own machine, from 0. */
  readonly localRank: number;
  /** Where rank 0 listens. */
  readonly host: string;
  readonly port: number;
  readonly launcher: "torchrun" | "slurm" | "openmpi";
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The port where `MASTER_PORT` is not set, which is PyTorch's. */
export const usualPort = 29500;

const launchers = [
  { launcher: "torchrun", rank: "RANK", size: "WORLD_SIZE", local: "LOCAL_RANK" },
  {
    launcher: "openmpi",
    rank: "OMPI_COMM_WORLD_RANK",
    size: "OMPI_COMM_WORLD_SIZE",
    local: "OMPI_COMM_WORLD_LOCAL_RANK",
  },
  { launcher: "slurm", rank: "SLURM_PROCID", size: "SLURM_STEP_NUM_TASKS", local: "SLURM_LOCALID" },
] as const;

/**
 * Reads who this process is among those that were started together: `RANK`, `WORLD_SIZE` and `LOCAL_RANK` (torchrun, Kubernetes'
 * PyTorchJob), else Open MPI's or Slurm's own variables. Under Slurm the first machine of `SLURM_STEP_NODELIST` is where all meet,
 * elsewhere `MASTER_ADDR`.
 * @returns null for a process that works alone
 * @throws ReatError `environment` naming the variable that is missing or holds something impossible
 */
export function launchedProcess(env: Environment): LaunchedProcess | null {
  const found = launchers.find(({ rank, size }) => isSet(env[rank]) && isSet(env[size]));
  if (!found) {
    if (isSet(env.WORLD_SIZE) && env.WORLD_SIZE !== "1") throw missing("RANK", "WORLD_SIZE is set");
    if (isSet(env.RANK)) throw missing("WORLD_SIZE", "RANK is set");
    return null;
  }
  const { launcher } = found;
  const size = whole(env, found.size, 1, 100_000);
  const rank = whole(env, found.rank, 0, size - 1);
  if (size === 1) return null;
  const localRank = isSet(env[found.local]) ? whole(env, found.local, 0, rank) : 0;
  const host = isSet(env.MASTER_ADDR)
    ? env.MASTER_ADDR
    : launcher === "slurm"
      ? firstNode(env.SLURM_STEP_NODELIST ?? env.SLURM_JOB_NODELIST)
      : null;
  if (host === null || /\s/.test(host)) {
    throw missing("MASTER_ADDR", `this is process ${rank} of ${size}, and they must meet at one machine`);
  }
  return { rank, size, localRank, host, port: meetingPort(env, launcher), launcher };
}

/** Whether a launcher started this work anew after an earlier end: torchrun's restarts, Slurm's requeues. */
export function isRestarted(env: Environment): boolean {
  const counts = [env.TORCHELASTIC_RESTART_COUNT, env.SLURM_RESTART_COUNT];
  return counts.some((count) => isSet(count) && count !== "0");
}

function meetingPort(env: Environment, launcher: LaunchedProcess["launcher"]): number {
  if (!isSet(env.MASTER_PORT)) {
    // Two jobs of one machine do not meet each other.
    const job = launcher === "slurm" && isSet(env.SLURM_JOB_ID) ? whole(env, "SLURM_JOB_ID", 0, 2 ** 32) : 0;
    return usualPort + (job % 1000);
  }
  const port = whole(env, "MASTER_PORT", 1, 65535);
  // There torchrun's own agent listens.
  if (env.TORCHELASTIC_USE_AGENT_STORE?.toLowerCase() !== "true") return port;
  if (port < 65535) return port + 1;
  throw new ReatError(
    "environment",
    "MASTER_PORT is 65535, where torchrun's agent listens, and the next port is needed; accepted: a port below it.",
  );
}

/** Of a list such as `gpu[03-05,9],login`. */
function firstNode(list: string | undefined): string | null {
  if (!isSet(list)) return null;
  const match = /^([^,[\]\s]+)(?:\[(\d+)[-,\]\d]*\])?(?:,|$)/.exec(list);
  if (match) return match[1]! + (match[2] ?? "");
  throw new ReatError(
    "environment",
    `Slurm's list of machines is "${list}", whose first one cannot be read; accepted: MASTER_ADDR with its name.`,
  );
}

function isSet(value: string | undefined): value is string {
  return value !== undefined && value !== "";
}

function missing(name: string, why: string): ReatError {
  return new ReatError(
    "environment",
    `${name} is not set, but ${why}; accepted: all of RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT as torchrun sets them, or none.`,
  );
}

function whole(env: Environment, name: string, from: number, to: number): number {
  const text = env[name]!;
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= from && value <= to) return value;
  throw new ReatError(
    "environment",
    `${name} is "${text}"; accepted: a whole number from ${from} to ${to}, as the launcher sets it.`,
  );
}
