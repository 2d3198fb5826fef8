// Meets the processes that a launcher started beside this one.
import { ReatError } from "../errors.js";
import { type LaunchedProcess, launchedProcess } from "../launched.js";
import { ProcessGroup, ProcessTeam } from "../tensor/index.js";
import { fillUp } from "./further-processes.js";
import { exitInterrupted } from "./interrupt.js";
import { writeNote } from "./stderr.js";

/** Seconds a process waits for the others, where the usual ten minutes are not wanted; and this machine's own address. */
const timeoutName = "REAT_PROCESS_TIMEOUT";
const addressName = "REAT_PROCESS_ADDRESS";

/** What a command hands on to work that processes share. */
export interface Together {
  readonly team: ProcessTeam | null;
  readonly localRank: number;
  /** Aborts in all processes at once. */
  readonly signal: AbortSignal;
  /** Whether this process prints. */
  readonly leads: boolean;
}

/**
 * Does work with the processes that a launcher started beside this one, or alone.
 * @param asked stops this process
 * @param wanted processes without which the work cannot be done; those that are missing are started
 * @throws ReatError as {@link joinProcesses}, and what `work` throws
 */
export async function together<T>(
  asked: AbortSignal,
  work: (together: Together) => Promise<T>,
  wanted: number | null = null,
): Promise<T> {
  const found = launchedProcess(process.env);
  await using filled = wanted !== null && wanted > (found?.size ?? 1) ? await fillUp(found, wanted) : null;
  const launched = filled?.launched ?? found;
  if (!launched) return work({ team: null, localRank: 0, signal: asked, leads: true });
  if (filled && launched.rank === 0) {
    writeNote(`Each of ${wanted} parts needs a process: those that were not started are started here.\n`);
  }
  await using group = await joinProcesses(launched);
  const team = new ProcessTeam(group, asked);
  const result = await work({ team, localRank: launched.localRank, signal: team.signal, leads: team.leads });
  // Whichever process was asked to stop, none of them has done its work.
  if (team.signal.aborted) process.exitCode = exitInterrupted;
  return result;
}

/** Commands that each of several processes would do once more, in each other's way. */
const alone: ReadonlySet<string> = new Set(["audit", "quickstart", "reproduce", "sweep"]);

/** @throws ReatError `usage` where a launcher started several processes for a command that works with one */
export function requireAlone(command: string): void {
  if (!alone.has(command)) return;
  const launched = launchedProcess(process.env);
  if (!launched) return;
  throw new ReatError(
    "usage",
    `The command reat ${command} works with one process, and ${launched.launcher} started ${launched.size}; accepted with several: reat train and reat eval.`,
  );
}

/** @throws ReatError `environment` where the others do not come, or a variable holds something impossible */
export async function joinProcesses(launched: LaunchedProcess): Promise<ProcessGroup> {
  const { rank, size, host, port } = launched;
  const seconds = process.env[timeoutName];
  const timeout = seconds ? Number(seconds) : undefined;
  if (timeout !== undefined && !(timeout > 0 && timeout <= 86_400)) {
    throw new ReatError(
      "environment",
      `${timeoutName} is "${seconds}"; accepted: seconds above 0 and up to 86400, or not set for 600.`,
    );
  }
  return ProcessGroup.open({
    rank,
    size,
    host,
    port,
    timeout,
    address: process.env[addressName] || undefined,
  });
}
